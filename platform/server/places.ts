import { Counter, Gauge, type Registry } from 'prom-client';
import type { GraphQLError } from 'graphql';
import { clientError } from '../foundation/errors.ts';

/** The client that takes places: a person whose token is good, otherwise the address that they come from. */
export interface Client {
  readonly id: string;
  /** Staff are known, and have screens: what they keep open counts only in all. */
  readonly isStaff: boolean;
}

/** Whose limit is reached. */
export type Shortage = 'all' | 'client';

/** Taken until it is left. */
export interface Place {
  /** Takes more (or, below zero, less) of the same. */
  grow(by: number): Shortage | undefined;
  /** Counts it for another client from now on, as when a socket says whose it is. */
  passTo(client: Client): Shortage | undefined;
  /** May be called more than once. */
  leave(): void;
}

export interface PlaceLimits {
  inAll: number;
  perClient: number;
  perStaff?: number;
  /** Whether the client may begin one more now, however few it has. */
  mayBegin?(client: Client): boolean;
}

/** What can be taken, by kind; each kind in all and for each client. */
export interface Admission<Kind extends string> {
  take(kind: Kind, client: Client, size?: number): Place | Shortage;
  taken(kind: Kind): number;
}

/** Limits that hold over every transport, with their figures. */
export function createAdmission<Kind extends string>(
  limits: Readonly<Record<Kind, PlaceLimits>>,
  register: Registry,
): Admission<Kind> {
  const registers = [register];
  const refused = new Counter({
    name: 'admission_refused_total',
    help: 'What was refused because all places of its kind were taken, by everybody (all) or by the client itself (client).',
    labelNames: ['kind', 'scope'] as const,
    registers,
  });
  const kinds = Object.entries<PlaceLimits>(limits).map(
    ([kind, limit]) => [kind, createPlaces(limit, (scope) => refused.inc({ kind, scope }))] as const,
  );
  const places = Object.fromEntries(kinds) as Record<Kind, ReturnType<typeof createPlaces>>;
  new Gauge({
    name: 'admission_places',
    help: 'Places taken now, by kind.',
    labelNames: ['kind'] as const,
    registers,
    collect() {
      for (const [kind, { taken }] of kinds) this.set({ kind }, taken());
    },
  });
  return {
    take: (kind, client, size) => places[kind].take(client, size),
    taken: (kind) => places[kind].taken(),
  };
}

export function createPlaces(limits: PlaceLimits, onRefused: (scope: Shortage) => void = () => undefined) {
  const byClient = new Map<string, number>();
  let taken = 0;

  function shortage(client: Client, more: number, moreInAll: number): Shortage | undefined {
    if (more <= 0) return undefined;
    const own = client.isStaff ? (limits.perStaff ?? limits.perClient) : limits.perClient;
    // The client's own limit first: a client that reached it should not hear that everybody else did.
    const scope =
      (byClient.get(client.id) ?? 0) + more > own
        ? 'client'
        : moreInAll > 0 && taken + moreInAll > limits.inAll
          ? 'all'
          : undefined;
    if (scope) onRefused(scope);
    return scope;
  }

  function count(client: Client, by: number): void {
    taken += by;
    const own = (byClient.get(client.id) ?? 0) + by;
    if (own === 0) byClient.delete(client.id);
    else byClient.set(client.id, own);
  }

  const books: Books = { shortage, count };

  function take(client: Client, size = 1): Place | Shortage {
    const lacking = shortage(client, size, size);
    if (lacking) return lacking;
    if (limits.mayBegin?.(client) === false) {
      onRefused('client');
      return 'client';
    }
    const place = new TakenPlace(books, client, size);
    count(client, size);
    return place;
  }

  return { take, taken: () => taken, clients: () => byClient.size };
}

/** Where one kind of places is counted. */
interface Books {
  shortage(client: Client, more: number, moreInAll: number): Shortage | undefined;
  count(client: Client, by: number): void;
}

/** A class, because each of ten thousand clients has several: functions of their own would take five times the memory. */
class TakenPlace implements Place {
  readonly #books: Books;
  /** Undefined once it is left. */
  #holder: Client | undefined;
  #held: number;

  constructor(books: Books, holder: Client, held: number) {
    this.#books = books;
    this.#holder = holder;
    this.#held = held;
  }

  grow(by: number): Shortage | undefined {
    if (!this.#holder) return undefined;
    const short = this.#books.shortage(this.#holder, by, by);
    if (short) return short;
    this.#held += by;
    this.#books.count(this.#holder, by);
    return undefined;
  }

  passTo(other: Client): Shortage | undefined {
    if (!this.#holder || other.id === this.#holder.id) return undefined;
    const short = this.#books.shortage(other, this.#held, 0);
    if (short) return short;
    this.#books.count(this.#holder, -this.#held);
    this.#holder = other;
    this.#books.count(other, this.#held);
    return undefined;
  }

  leave(): void {
    if (!this.#holder) return;
    this.#books.count(this.#holder, -this.#held);
    this.#holder = undefined;
  }
}

export const isShortage = (value: Place | Shortage | undefined): value is Shortage => typeof value === 'string';

/** The error for a client when no place is left. */
export function shortageError(scope: Shortage): GraphQLError {
  return scope === 'all'
    ? clientError('SERVICE_UNAVAILABLE', 'Too many requests at once. Try again in a moment.')
    : clientError('TOO_MANY_REQUESTS', 'Too many requests of this client at once. Try again in a moment.');
}
