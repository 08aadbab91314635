/** `npm run demo`: a small city on a running system, through its public API only. `-- --help` says what can be set. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createClient, GraphqlRequestError, type Client } from '../../schema/client/client.ts';
import {
  BikesDocument,
  BuyPointsDocument,
  CancelReservationDocument,
  MeDocument,
  MoveBikesDocument,
  OpenStationsDocument,
  RegisterBikesDocument,
  ReservationDocument,
  ReserveBikeDocument,
  ReturnBikeDocument,
  StartRideDocument,
  type BikesQuery,
  type ReserveStatus,
} from '../../schema/client/generated/graphql.ts';
import { stationIdOf } from '../../schema/places.ts';
import { routerPort } from '../../schema/subgraphs.ts';
import { bikeColor, createTally, fee, nextArrivalMs, nextTrip, type CityRider, type Trip } from './city.ts';
import { createDice } from './dice.ts';
import { bikesInSeoul, seoul } from './seoul.ts';

const usage = `npm run demo -- [options]
  --url URL      the running system (http://127.0.0.1:8088, or the port in ROUTER_PORT)
  --rate N       reservations asked for per second, on average (1)
  --seconds N    how long; then everything is brought to its end (120)
  --bikes N      bikes in the city; those that lack are registered (30)
  --riders N     people in the city (60)
  --seed N       another number, another city (1)
  --city seoul   2,800 stations where Seoul has its, with 45,000 bikes unless --bikes says otherwise`;

/** A request that takes longer counts as an error; the command is asked again under its key. */
const requestTimeoutMs = 15_000;
const attempts = 4;
const retryAfterMs = 1_000;
/** How long people may take to bring their trips to an end once the demo is over. */
const endWithinMs = 30_000;
const progressEveryMs = 5_000;
/** Lines of one call: four seconds' work or so for the database that npm start brings along, within SUBGRAPH_TIMEOUT_MS. */
const linesPerCall = 250;

interface Options {
  url: string;
  rate: number;
  seconds: number;
  bikes: number;
  riders: number;
  seed: number;
  city: string;
}

/** Wrong arguments, or a system that the demo cannot use; the message is one line. */
class DemoError extends Error {
  override name = 'DemoError';
}

function readOptions(): Options {
  const { values } = parsed();
  const number = (name: Exclude<keyof Options, 'url' | 'city'>, least: number, most: number, whole = true) => {
    const value = (values[name] ?? '').trim() === '' ? NaN : Number(values[name]);
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
    const kind = whole ? 'a whole number' : 'a number';
    throw new DemoError(`--${name} is "${values[name]}". It must be ${kind} from ${least} to ${most}.`);
  };
  if (!/^https?:$/.test(URL.parse(values.url)?.protocol ?? '')) {
    throw new DemoError(`--url is "${values.url}". It must be an address such as http://127.0.0.1:8088.`);
  }
  if (!['', 'seoul'].includes(values.city)) throw new DemoError(`--city is "${values.city}". It must be seoul.`);
  values.bikes ??= String(values.city === 'seoul' ? bikesInSeoul : 30);
  return {
    city: values.city,
    url: new URL(values.url).origin,
    rate: number('rate', 0.01, 1_000, false),
    seconds: number('seconds', 1, 86_400),
    bikes: number('bikes', 1, 45_000),
    riders: number('riders', 1, 100_000),
    seed: number('seed', 0, 2 ** 32 - 1),
  };
}

function parsed() {
  try {
    const text = (value: string) => ({ type: 'string', default: value }) as const;
    const { values } = parseArgs({
      options: {
        url: text(`http://127.0.0.1:${process.env['ROUTER_PORT'] || routerPort}`),
        rate: text('1'),
        seconds: text('120'),
        bikes: { type: 'string' },
        city: text(''),
        riders: text('60'),
        seed: text('1'),
        help: { type: 'boolean', default: false },
      },
    });
    if (!values.help) return { values };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split(/[.\n]/);
    throw new DemoError(
      `${line ?? ''}. The options are --url, --rate, --seconds, --bikes, --riders, --seed, --city; see --help.`,
    );
  }
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}

/** @throws {DemoError} unless a system in development answers there. */
async function checkSystem(url: string): Promise<void> {
  const answer = await fetch(`${url}/config.json`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  if (!answer) throw new DemoError(`Nothing answers at ${url}. Start the system first (npm start), or set --url.`);
  const config = (await answer.json().catch(() => null)) as { landscape?: string; devTokens?: boolean } | null;
  if (!answer.ok || !config?.landscape) throw new DemoError(`What answers at ${url} is not this system. Set --url.`);
  if (config.devTokens) return;
  throw new DemoError(
    `The system at ${url} gives no development tokens (LANDSCAPE is "${config.landscape}"): the demo cannot sign in.`,
  );
}

/** Gives a client's token, a new one shortly before the old one ends. */
function tokenOf(url: string, userId: string, role: string): () => Promise<string> {
  let known: { token: string; expiresAt: string } | undefined;
  return async () => {
    if (known && Date.parse(known.expiresAt) - Date.now() > 60_000) return known.token;
    const response = await fetch(`${url}/dev/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId, roles: [role] }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    known = (await response.json()) as { token: string; expiresAt: string };
    return known.token;
  };
}

async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  const late = new AbortController();
  const timeout = delay(requestTimeoutMs, undefined, { signal: late.signal }).then(() => {
    throw new GraphqlRequestError('TIMEOUT', `No answer in ${requestTimeoutMs / 1000} s.`);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    timeout.catch(() => undefined);
    late.abort();
  }
}

function createCity(options: Options, signal: AbortSignal) {
  type Person = CityRider & { client: Client };
  const { url } = options;
  const dice = createDice(options.seed);
  const tally = createTally();
  const people = new Map<string, Person>();
  for (let number = 1; number <= options.riders; number += 1) {
    const userId = `demo-${number}`;
    const client = createClient({ url: `${url}/graphql`, token: tokenOf(url, userId, 'rider') });
    people.set(userId, { userId, points: null, busy: false, client });
  }
  const takenBikeIds = new Set<number>();
  /** Riders who may have a bike: the demo does not know that they have none. */
  const inDoubt = new Set(people.keys());
  /** Riders who asked for a bike. */
  const asked = new Set<string>();
  const isOver = () => signal.aborted;
  let bikeIds: number[] = [];
  /** Where bikes are returned to, if there are stations. */
  let stationIds: string[] = [];
  let underWay = 0;

  /** Repeats a command without an answer under the same key, so it runs once. Undefined after too many failures. */
  async function insist<Result>(work: (idempotencyKey: string) => Promise<Result>): Promise<Result | undefined> {
    const idempotencyKey = randomUUID();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await inTime(work(idempotencyKey));
      } catch (error) {
        tally.failed(codeOf(error));
        if (attempt === attempts) return undefined;
        await delay(retryAfterMs);
      }
    }
  }

  /** Ends early when the demo is over. */
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);

  async function prepareBikes(): Promise<void> {
    const operator = createClient({ url: `${url}/graphql`, token: tokenOf(url, 'demo-operator', 'operator') });
    const known = await bikesInService(operator, options.bikes);
    if (known.length < options.bikes) say(`Registering ${options.bikes - known.length} bikes …`);
    while (known.length < options.bikes && !signal.aborted) {
      const count = Math.min(linesPerCall, options.bikes - known.length);
      const lines = Array.from({ length: count }, () => ({ color: bikeColor(dice), idempotencyKey: randomUUID() }));
      const made = await insist(() => operator.request(RegisterBikesDocument, { input: { bikes: lines } }));
      for (const { bike } of made?.registerBikes.results ?? []) {
        if (!bike) throw new DemoError(`The system at ${url} does not register bikes.`);
        known.push(bike.bikeId);
        tally.did('registered');
      }
      if (!made) throw new DemoError(`The system at ${url} does not register bikes.`);
      if (known.length % 5_000 < count) say(`${known.length} of ${options.bikes} bikes`);
    }
    bikeIds = known;
    if (options.city === 'seoul') await prepareStations(operator);
    operator.close();
  }

  /** Opens the stations that are not open yet, and puts every bike at one. */
  async function prepareStations(operator: Client): Promise<void> {
    const city = seoul(createDice(options.seed));
    say(`Opening ${city.length} stations, and parking ${bikeIds.length} bikes …`);
    for (let from = 0; from < city.length && !signal.aborted; from += linesPerCall) {
      const stations = city.slice(from, from + linesPerCall);
      await insist(() => operator.request(OpenStationsDocument, { input: { stations } }));
    }
    stationIds = city.map(({ number }) => stationIdOf(number));
    for (let from = 0; from < bikeIds.length && !signal.aborted; from += linesPerCall) {
      const moves = bikeIds.slice(from, from + linesPerCall).map((bikeId) => ({
        bikeId,
        stationId: dice.pick(stationIds) ?? null,
        idempotencyKey: randomUUID(),
      }));
      await insist(() => operator.request(MoveBikesDocument, { input: { moves } }));
    }
  }

  /**
   * Finds out what the rider has. Ends a reservation that is left over from a command without an answer or from a demo
   * that was killed.
   */
  async function settle(person: Person): Promise<void> {
    const { client } = person;
    const answer = await insist(() => client.request(MeDocument, {}));
    if (!answer?.me) return;
    const current = answer.me.currentReservation;
    if (current && !(await end(client, current.reserveNo, current.reserveStatus))) return;
    // What a cancellation gave back is left out: the rider buys a little earlier than needed.
    person.points = Number(answer.me.totalPoint);
    inDoubt.delete(person.userId);
  }

  async function take(trip: Trip, person: Person): Promise<void> {
    const { client, userId } = person;
    if (inDoubt.has(userId)) await settle(person);
    if (trip.purchase !== null && (person.points ?? 0) < fee) person.points = await buy(client, trip.purchase);
    if (isOver() || inDoubt.has(userId)) return;

    inDoubt.add(userId);
    const reserveNo = await reserve(trip, person);
    if (reserveNo === undefined) return;
    await pause(trip.walkMs);
    if (trip.rideMs === null || isOver()) {
      if (!(await end(client, reserveNo, 'RESERVED'))) return;
      person.points = (person.points ?? 0) + fee;
    } else {
      if (!(await start(client, reserveNo))) return;
      await pause(trip.rideMs);
      if (!(await end(client, reserveNo, 'IN_USE'))) return;
    }
    inDoubt.delete(userId);
  }

  /** Undefined when the rider got no bike, or it is not known whether. */
  async function reserve({ bikeId }: Trip, person: Person): Promise<number | undefined> {
    const { client, userId } = person;
    asked.add(userId);
    tally.did('asked');
    const askedAt = performance.now();
    const answer = await insist((idempotencyKey) =>
      client.request(ReserveBikeDocument, { input: { bikeId, idempotencyKey } }),
    );
    if (!answer) return undefined;
    tally.reserveTook(performance.now() - askedAt);
    const { reservation, refusal } = answer.reserveBike;
    if (refusal) {
      tally.refused(refusal.code);
      inDoubt.delete(userId);
    }
    if (refusal || !reservation) return undefined;
    const { reserveNo } = reservation;
    if (reservation.reserveStatus === 'PENDING' && (await outcomeOf(client, reserveNo)) !== 'RESERVED')
      return undefined;
    tally.did('reserved');
    person.points = (person.points ?? 0) - fee;
    return reserveNo;
  }

  async function start(client: Client, reserveNo: number): Promise<boolean> {
    const answer = await insist((idempotencyKey) =>
      client.request(StartRideDocument, { input: { reserveNo, idempotencyKey } }),
    );
    if (!answer) return false;
    const { refusal } = answer.startRide;
    if (refusal) tally.refused(refusal.code);
    else tally.did('started');
    return !refusal;
  }

  async function buy(client: Client, price: number): Promise<number | null> {
    const bought = await insist((idempotencyKey) =>
      client.request(BuyPointsDocument, { input: { price, idempotencyKey } }),
    );
    if (bought?.buyPoints.refusal) tally.refused(bought.buyPoints.refusal.code);
    if (!bought?.buyPoints.approval) return null;
    tally.did('bought');
    return Number(bought.buyPoints.approval.user.totalPoint);
  }

  /**
   * Ends a reservation: cancels it before the ride, returns the bike after its start. False when the outcome is
   * unknown.
   */
  async function end(client: Client, reserveNo: number, status: ReserveStatus): Promise<boolean> {
    const riding = status === 'IN_USE';
    const stationId = stationIds.length > 0 ? dice.pick(stationIds) : undefined;
    const payload = await insist(async (idempotencyKey) => {
      const input = { reserveNo, idempotencyKey };
      const place = stationId === undefined ? {} : { stationId };
      return riding
        ? (await client.request(ReturnBikeDocument, { input: { ...input, ...place } })).returnBike
        : (await client.request(CancelReservationDocument, { input })).cancelReservation;
    });
    if (!payload) return false;
    if (payload.refusal) tally.refused(payload.refusal.code);
    else tally.did(riding ? 'returned' : 'cancelled');
    return !payload.refusal;
  }

  /** The outcome of a reservation that was still PENDING in its answer. */
  async function outcomeOf(client: Client, reserveNo: number): Promise<ReserveStatus | undefined> {
    for (let look = 0; look < 30; look += 1) {
      await delay(1_000);
      const answer = await insist(() => client.request(ReservationDocument, { reserveNo }));
      const { reserveStatus, refusal } = answer?.reservation ?? {};
      if (refusal) tally.refused(refusal.code);
      if (reserveStatus !== undefined && reserveStatus !== 'PENDING') return reserveStatus;
    }
    return undefined;
  }

  async function play(trip: Trip): Promise<void> {
    const person = people.get(trip.userId);
    if (!person) return;
    const wasFree = !takenBikeIds.has(trip.bikeId);
    person.busy = true;
    takenBikeIds.add(trip.bikeId);
    underWay += 1;
    try {
      await take(trip, person);
    } finally {
      person.busy = false;
      if (wasFree) takenBikeIds.delete(trip.bikeId);
      underWay -= 1;
    }
  }

  return {
    tally,
    prepareBikes,
    underWay: () => underWay,
    /** One more person wants a bike. */
    arrive(): void {
      const trip = nextTrip({ riders: [...people.values()], bikeIds, takenBikeIds }, dice);
      if (trip) void play(trip).catch((error: unknown) => tally.failed(codeOf(error)));
      else tally.did('idle');
    },
    untilNextMs: () => nextArrivalMs(options.rate, dice),
    /** Ends reservations in doubt; returns the riders whose state is still unknown when the time is up. */
    async endWhatIsLeft(withinMs: number): Promise<string[]> {
      const deadline = performance.now() + withinMs;
      // Those who asked come first; the others may have a bike from a demo that was killed.
      const doubtful = [...people.values()].filter(({ userId }) => inDoubt.has(userId));
      doubtful.sort((one, other) => Number(asked.has(other.userId)) - Number(asked.has(one.userId)));
      for (const person of doubtful) if (performance.now() < deadline) await settle(person);
      return [...asked].filter((userId) => inDoubt.has(userId));
    },
    close(): void {
      for (const { client } of people.values()) client.close();
    },
  };
}

async function bikesInService(operator: Client, atMost: number): Promise<number[]> {
  const bikeIds: number[] = [];
  for (let after: string | null = null; bikeIds.length < atMost;) {
    const filter = { condition: 'IN_SERVICE' as const };
    const { bikes }: BikesQuery = await inTime(operator.request(BikesDocument, { filter, first: 200, after }));
    bikeIds.push(...bikes.nodes.map(({ bikeId }) => bikeId));
    after = bikes.pageInfo.endCursor;
    if (!bikes.pageInfo.hasNextPage) break;
  }
  return bikeIds.slice(0, atMost);
}

function codeOf(error: unknown): string {
  return error instanceof GraphqlRequestError ? error.code : 'UNKNOWN';
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Resolves once all trips have ended, or after `withinMs`. */
async function untilEnded(city: ReturnType<typeof createCity>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (city.underWay() > 0 && performance.now() < deadline) await delay(50);
}

async function main(options: Options): Promise<number> {
  const over = new AbortController();
  const { signal } = over;
  const stop = () => {
    if (signal.aborted) process.exit(130);
    say('Stopping: everybody brings their bike back (Ctrl-C again leaves at once) …');
    over.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);

  await checkSystem(options.url);
  const city = createCity(options, signal);
  await city.prepareBikes();
  say(
    `${options.riders} riders, ${options.bikes} bikes, ${options.rate} reservations a second for ${options.seconds} s ` +
      `on ${options.url}. Ctrl-C ends it.`,
  );
  const startedAt = performance.now();
  const secondsSoFar = () => (performance.now() - startedAt) / 1000;
  const progress = setInterval(() => say(city.tally.progress(secondsSoFar(), city.underWay())), progressEveryMs);
  for (let dueMs = city.untilNextMs(); dueMs < options.seconds * 1000; dueMs += city.untilNextMs()) {
    const early = startedAt + dueMs - performance.now();
    if (early > 0) await delay(early, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    city.arrive();
  }
  await delay(Math.max(0, startedAt + options.seconds * 1000 - performance.now()), undefined, { signal }).catch(
    () => undefined,
  );
  const played = secondsSoFar();
  over.abort();
  clearInterval(progress);
  await untilEnded(city, endWithinMs);
  const left = await city.endWhatIsLeft(endWithinMs);
  say(`\n${city.tally.summary(played)}`);
  city.close();
  if (left.length === 0) return 0;
  const known = left.length > 5 ? `${left.slice(0, 5).join(', ')} …` : left.join(', ');
  process.stderr.write(`${left.length} riders may still have a bike (${known}): a hold runs out by itself.\n`);
  return 1;
}

try {
  process.exit(await main(readOptions()));
} catch (error) {
  if (!(error instanceof DemoError) && !(error instanceof GraphqlRequestError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
