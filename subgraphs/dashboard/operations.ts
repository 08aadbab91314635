import {
  ContractError,
  isUnavailable,
  maxPageSize,
  parkedPerAnswer,
  type Connection,
  type DiscardOrder,
  type Health,
  type PageRequest,
  type ParkedAnswer,
  type ParkedId,
  type ParkedList,
  type ParkedQuestion,
  type ParkedView,
  type RedriveOrder,
  type Runtime,
} from '../../platform/index.ts';

/** The services as operators see them, each asked over the bus: no service reads another's database. */
export interface Operations {
  /** The health of each; one that does not answer in time is DOWN. */
  services(): Promise<ServiceState[]>;
  /** @throws {ContractError} when `first` is not 1 to 200, or `after` is no cursor of this list. */
  parkedEvents(asker: Asker, filter: ParkedFilter, page: PageRequest): Promise<ParkedPage>;
  /** @throws {UnavailableError} when the service does not answer. */
  parkedEvent(asker: Asker, id: string): Promise<ParkedEvent | null>;
  /** @throws {UnavailableError} when the outcome is unknown; the same key finds out. */
  redrive(order: RedriveOrder): Promise<Settled>;
  /** @throws {UnavailableError} when the outcome is unknown; the same key finds out. */
  discard(order: DiscardOrder): Promise<Settled>;
}

/** The asker, by their own token: each service checks it for itself. */
export type Asker = Pick<ParkedId, 'authorization'>;

export interface ServiceState extends Partial<Omit<Health, 'database'>> {
  name: string;
  status: 'UP' | 'DOWN';
  problem: string | null;
}

/** A parked message with its service; the id is unique in the whole system. */
export interface ParkedEvent extends ParkedView {
  service: string;
}

export interface ParkedFilter {
  service?: string | null;
  status: ParkedQuestion['status'];
}

export type ParkedPage = Connection<ParkedEvent> & {
  /** Services that did not answer. */
  unavailable: string[];
};

export type Settled = Omit<ParkedAnswer, 'parked'> & { parkedEvent: ParkedEvent | null };

export interface OperationsOptions {
  bus: Pick<Runtime['bus'], 'ask'>;
  services: readonly string[];
  /** How long a service may take to settle a parked event and those behind it. */
  operateTimeoutMs: number;
}

export function createOperations({ bus, services, operateTimeoutMs }: OperationsOptions): Operations {
  async function stateOf(name: string): Promise<ServiceState> {
    try {
      const { database, ...figures } = (await bus.ask(name, 'health', null)) as Health;
      if (database === 'ok') return { name, status: 'UP', problem: null, ...figures };
      return { name, status: 'DOWN', problem: `It cannot use its database: ${database}` };
    } catch (error) {
      return { name, status: 'DOWN', problem: error instanceof Error ? error.message : String(error) };
    }
  }

  /** As many of a service's parked messages as requested, in as many answers as necessary. */
  async function listOf(service: string, question: ParkedQuestion): Promise<{ rows: ParkedEvent[]; total: number }> {
    const rows: ParkedEvent[] = [];
    for (let after = question.after; ;) {
      const limit = Math.min(parkedPerAnswer, question.limit - rows.length);
      const asked: ParkedQuestion = { ...question, after, limit };
      const answer = (await bus.ask(service, 'parked.list', asked)) as ParkedList;
      rows.push(...answer.rows.map((row) => ofService(service, row)));
      const last = answer.rows.at(-1);
      if (!last || !answer.more || rows.length >= question.limit) return { rows, total: answer.total };
      after = { at: last.firstAt, id: last.id };
    }
  }

  async function settle(endpoint: string, order: RedriveOrder | DiscardOrder): Promise<Settled> {
    const place = placeOf(order.id);
    if (!place) return unknownEvent;
    const { service, id } = place;
    const answer = await bus.ask(service, endpoint, { ...order, id }, operateTimeoutMs);
    const { parked, ...outcome } = answer as ParkedAnswer;
    return { parkedEvent: parked && ofService(service, parked), ...outcome };
  }

  function placeOf(id: string): { service: string; id: string } | null {
    const service = services.find((name) => id.startsWith(`${name}:`));
    return service === undefined ? null : { service, id: id.slice(service.length + 1) };
  }

  return {
    services: () => Promise.all(services.map(stateOf)),

    async parkedEvents({ authorization }, { service, status }, { first, after }) {
      const size = first ?? 50;
      if (size < 1 || size > maxPageSize) throw new ContractError(`"first" must be 1 to ${maxPageSize}, not ${size}.`);
      const place = after ? readCursor(after) : null;
      const asked = services.filter((name) => !service || name === service);
      const answers = await Promise.all(
        asked.map(async (name) => {
          const question = { authorization, status, after: place && beginsFor(name, place), limit: size + 1 };
          return listOf(name, question).catch((error: unknown) => {
            if (isUnavailable(error)) return name;
            throw error;
          });
        }),
      );
      const lists = answers.filter((answer) => typeof answer !== 'string');
      const rows = lists.flatMap((list) => list.rows).sort(byAge);
      const nodes = rows.slice(0, size);
      const edges = nodes.map((node) => ({ cursor: cursorOf(node), node }));
      return {
        edges,
        nodes,
        pageInfo: {
          hasNextPage: rows.length > size,
          hasPreviousPage: Boolean(after),
          startCursor: edges[0]?.cursor ?? null,
          endCursor: edges.at(-1)?.cursor ?? null,
        },
        totalCount: async () => lists.reduce((sum, { total }) => sum + total, 0),
        unavailable: answers.filter((answer) => typeof answer === 'string'),
      };
    },

    async parkedEvent({ authorization }, parkedId) {
      const place = placeOf(parkedId);
      if (!place) return null;
      const { service, id } = place;
      const parked = (await bus.ask(service, 'parked.get', { authorization, id })) as ParkedView | null;
      return parked && ofService(service, parked);
    },

    redrive: (order) => settle('parked.redrive', order),
    discard: (order) => settle('parked.discard', order),
  };
}

const unknownEvent: Settled = {
  parkedEvent: null,
  redriven: 0,
  refusal: { code: 'PARKED_EVENT_NOT_FOUND', because: 'No service has a parked event with this id.' },
};

const ofService = (service: string, view: ParkedView): ParkedEvent => ({
  ...view,
  id: `${service}:${view.id}`,
  service,
});

/** The start of a page: when an event first failed, its service, and its id there. */
interface Place {
  at: string;
  service: string;
  id: string;
}

const placeIn = ({ firstAt, service, id }: ParkedEvent): Place => ({
  at: firstAt,
  service,
  id: id.slice(service.length + 1),
});

function byAge(one: ParkedEvent, other: ParkedEvent): number {
  const [a, b] = [placeIn(one), placeIn(other)];
  return compare(a.at, b.at) || compare(a.service, b.service) || compare(a.id, b.id);
}

const compare = (one: string, other: string) => Number(one > other) - Number(one < other);

/** At the same moment, services before the cursor's have nothing left, and those after it everything. */
function beginsFor(service: string, { at, service: last, id }: Place): { at: string; id: string } {
  if (service === last) return { at, id };
  return { at, id: service < last ? '\uffff' : '' };
}

function cursorOf(event: ParkedEvent): string {
  const { at, service, id } = placeIn(event);
  return Buffer.from(JSON.stringify([at, service, id])).toString('base64url');
}

function readCursor(cursor: string): Place {
  try {
    const [at, service, id]: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (
      typeof at === 'string' &&
      typeof service === 'string' &&
      typeof id === 'string' &&
      !Number.isNaN(Date.parse(at))
    )
      return { at, service, id };
  } catch {
    // Falls through: what is not JSON is no cursor either.
  }
  throw new ContractError(`"after" is not a cursor of this list: ${cursor.slice(0, 80)}`);
}
