import { isUnavailable, toClientError } from '../../platform/foundation/errors.ts';
import type { SubgraphName } from '../../schema/subgraphs.ts';
import { createSeededRider, type CommandKind, type Payload, type Story } from '../support/seeded-rider.ts';
import type { Evidence } from '../support/violations.ts';
import { causeOf, nothingSaid, type Said } from './breakages.ts';
import type { Breakage, Plan, Repair, Report, Unfit, UnfitPlace, Wait } from './plan.ts';
import type { World } from './world.ts';

/** By command: who decides, and the mutation. */
const mutations = {
  buy: ['approval', 'buyPoints'],
  reserve: ['reservation', 'reserveBike'],
  cancel: ['reservation', 'cancelReservation'],
  start: ['reservation', 'startRide'],
  return: ['reservation', 'returnBike'],
} as const satisfies Record<CommandKind, readonly [SubgraphName, string]>;

type Fields = Record<string, (source: unknown, given: object, context: object) => Promise<unknown>>;

/** Clients that still ask then take the outcome for unknown. */
const deadlineMs = 12_000;
const viewerOf = (userId: string, role: 'rider' | 'operator') => ({ userId, roles: [role], expiresAtMs: Infinity });

/** Runs everything that riders and operator have planned, and records their answers. */
export async function liveThrough(
  world: World,
  plan: Plan,
  mayBeStrange: boolean,
): Promise<{ story: Story; said: Said }> {
  const said = nothingSaid();
  const story: Story = { bikeIds: [], riders: [], attempts: [], looks: [], wrong: [] };
  const registered = Array.from({ length: plan.bikes }, (_, index) => registerBike(world, `bike-${index + 1}`));
  story.bikeIds.push(...(await Promise.all(registered)));
  await openStation(world);
  const bikeIdOf = (bike: number) => story.bikeIds[bike % story.bikeIds.length] ?? 0;
  await Promise.all([
    ...plan.riders.map((steps, index) =>
      createRider({ world, rider: `rider-${index + 1}`, story, bikeIdOf, mayBeStrange }).live(steps),
    ),
    ...plan.conditions.map(async ({ at, bike, condition }, index) => {
      await world.scheduler.wait(at);
      const input = { bikeId: bikeIdOf(bike), condition, idempotencyKey: `condition-${index}` };
      await mutate(world, 'bike', 'changeBikeCondition', 'operator', input).catch(() => undefined);
      const move = { bikeId: bikeIdOf(bike), ...somewhere(at), idempotencyKey: `move-${index}` };
      await mutate(world, 'reservation', 'moveBikes', 'operator', { moves: [move] }).catch(() => undefined);
    }),
    ...plan.waits.map((wait, index) => waitFor(world, wait, bikeIdOf, `wait-${index}`)),
    ...plan.reports.map((report, index) => reportReturn(world, report, `report-${index}`)),
    ...plan.breakages.map((breakage, index) => sayBroken(world, breakage, bikeIdOf, `broken-${index}`, said)),
    ...plan.repairs.map((repair, index) => seeTo(world, repair, bikeIdOf, `repair-${index}`, said)),
    ...plan.unfit.map((saying, index) =>
      sayUnfit(world, story, saying, `${unfitMark}${index}`, bikeIdOf, mayBeStrange),
    ),
  ]);
  return { story, said };
}

function mutate(
  world: World,
  service: SubgraphName,
  mutation: string,
  userId: string,
  input: object,
): Promise<Payload> {
  const viewer = viewerOf(userId, userId === 'operator' ? 'operator' : 'rider');
  return world.ask(
    service,
    ({ Mutation }, context) => (Mutation as Fields)[mutation]?.(undefined, { input }, context) as Promise<Payload>,
    viewer,
  );
}

async function registerBike(world: World, idempotencyKey: string): Promise<number> {
  for (;;) {
    const input = { color: 'green', idempotencyKey };
    const payload = await mutate(world, 'bike', 'registerBike', 'operator', input).catch(() => undefined);
    if (payload?.bike) return payload.bike.bikeId;
    await world.scheduler.wait(200);
  }
}

/** Of every three bikes that riders return, they say of two where they are; the same each time they say it. */
function placed(input: { reserveNo: number }) {
  return input.reserveNo % 3 === 0 ? input : { ...input, ...somewhere(input.reserveNo) };
}

const theStation = 'ST-1';

/** Where it is by a number: at the station, or beside, where two numbers seldom mean the same place. */
const somewhere = (number: number) =>
  number % 2 === 0
    ? { stationId: theStation }
    : { position: { latitude: 37.4 + (number % 1_000) / 5_000, longitude: 127 } };

async function openStation(world: World): Promise<void> {
  const position = { latitude: 37.5, longitude: 127 };
  const input = { number: 1, nameKo: '역', district: 'MAPO', position, racks: 1, idempotencyKey: 'station' };
  for (;;) {
    const isOpen = await mutate(world, 'station', 'openStation', 'operator', input).catch(() => undefined);
    if (isOpen) return;
    await world.scheduler.wait(200);
  }
}

/** How often somebody asks again after a failure. */
const tries = 3;
/** How often, and how soon again, somebody looks for a ride that has not begun yet: riders begin for some seconds. */
const looksForRide = 20;
const lookAgainMs = 500;

/** Asks until there is an answer, or no more; the same key each time. */
async function insist(
  world: World,
  mutation: string,
  userId: string,
  input: object,
  service: SubgraphName = 'reservation',
): Promise<Payload | undefined> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const answer = await mutate(world, service, mutation, userId, input).catch(() => undefined);
    world.scheduler.note(`${userId} ${mutation} ${JSON.stringify(input)}: ${JSON.stringify(answer ?? null)}`);
    if (answer) return answer;
    await world.scheduler.wait(200);
  }
  return undefined;
}

/** Says that a ride ended as it began, so that all that it costs in overtime is too much; then operators decide. */
async function reportReturn(
  world: World,
  { at, ride: which, decidesMs, decisions }: Report,
  key: string,
): Promise<void> {
  const { scheduler } = world;
  await scheduler.wait(at);
  const rides = () => world.rows('reservation', 'reservations').filter((row) => row['startDateTime']);
  for (let look = 1; look < looksForRide && rides().length === 0; look += 1) await scheduler.wait(lookAgainMs);
  const found = rides();
  const ride = found[which % found.length];
  if (!ride) return;
  const userId = String(ride['userId']);
  const reserveNo = Number(ride._id);
  const said = { returnedAt: ride['startDateTime'], note: key };
  await insist(world, 'reportReturn', userId, { reserveNo, ...said, ...somewhere(reserveNo), idempotencyKey: key });
  await scheduler.wait(decidesMs);
  await Promise.all(
    decisions.map((decision, index) =>
      insist(world, `${decision}Return`, 'operator', { reserveNo, reason: key, idempotencyKey: `${key}-${index}` }),
    ),
  );
}

async function sayBroken(
  world: World,
  { at, rider, bike, kinds }: Breakage,
  bikeIdOf: (bike: number) => number,
  name: string,
  said: Said,
): Promise<void> {
  const userId = `rider-${rider + 1}`;
  await world.scheduler.wait(at);
  for (const [index, kind] of kinds.entries()) {
    const key = `${name}-${index}`;
    const input = { bikeId: bikeIdOf(bike), kind, note: key, idempotencyKey: key };
    const answer = await insist(world, 'reportFault', userId, input, 'bike');
    if (answer && !answer.refusal) said.taken.push(causeOf(userId, key));
  }
}

/** Closes what is reported of a bike: whatever that is, or what a look at it showed. */
async function seeTo(
  world: World,
  { at, bike, looksMs }: Repair,
  bikeIdOf: (bike: number) => number,
  key: string,
  said: Said,
): Promise<void> {
  const { scheduler } = world;
  const input = { bikeId: bikeIdOf(bike), reason: key, idempotencyKey: key };
  await scheduler.wait(at);
  const seen = looksMs === null ? undefined : (await faultsOf(world, input.bikeId)).at(-1)?.reportedAt;
  if (looksMs !== null) {
    if (seen === undefined) return;
    said.seenUntil.set(causeOf('operator', key), seen);
    await scheduler.wait(looksMs);
  }
  await insist(world, 'closeFaults', 'operator', { ...input, ...(seen && { until: seen }) }, 'bike');
}

async function faultsOf(world: World, bikeId: number): Promise<readonly { reportedAt: string }[]> {
  const asking = world.ask(
    'bike',
    ({ Query }, context) => (Query as Fields)['bike']?.(undefined, { bikeId }, context) as Promise<object | null>,
    viewerOf('operator', 'operator'),
  );
  const found = (await asking.catch(() => null)) as { faults?: readonly { reportedAt: string }[] } | null;
  return found?.faults ?? [];
}

async function waitFor(
  world: World,
  { at, rider, bike, staysMs }: Wait,
  bikeIdOf: (bike: number) => number,
  key: string,
): Promise<void> {
  const { scheduler } = world;
  const which = bike === null ? { stationId: theStation } : { bikeId: bikeIdOf(bike) };
  const userId = `rider-${rider + 1}`;
  await scheduler.wait(at);
  await insist(world, 'waitForBike', userId, { ...which, idempotencyKey: key });
  if (staysMs === null) return;
  await scheduler.wait(staysMs);
  await insist(world, 'stopWaiting', userId, { idempotencyKey: `${key}-stop` });
}

/** Is in every text with half a surrogate pair, and nowhere else. */
const unfitMark = 'unfit-';
const halfMark = `${unfitMark}half-`;

/** Requests that bypass the edge: half a surrogate pair must be refused; other text must break nothing. */
async function sayUnfit(
  world: World,
  story: Story,
  { at, where, text }: Unfit,
  name: string,
  bikeIdOf: (bike: number) => number,
  mayBeStrange: boolean,
): Promise<void> {
  const isHalf = !text.isWellFormed();
  const unfit = `${isHalf ? halfMark : ''}${name} ${text}`;
  const buying = { price: 1_000, paymentToken: `token ${name}`, idempotencyKey: name };
  const bikeId = bikeIdOf(0);
  const sayings: Record<UnfitPlace, Parameters<typeof mutate> extends [World, ...infer Rest] ? Rest : never> = {
    'buy key': ['approval', 'buyPoints', name, { ...buying, idempotencyKey: unfit }],
    'buy token': ['approval', 'buyPoints', name, { ...buying, paymentToken: unfit }],
    'buy userId': ['approval', 'buyPoints', 'operator', { ...buying, userId: unfit }],
    'register key': ['bike', 'registerBike', 'operator', { color: 'green', idempotencyKey: unfit }],
    'register color': ['bike', 'registerBike', 'operator', { color: unfit, idempotencyKey: name }],
    reason: ['bike', 'changeBikeCondition', 'operator', { bikeId, condition: 'MAINTENANCE', reason: unfit }],
    'reserve key': ['reservation', 'reserveBike', 'rider-1', { bikeId, idempotencyKey: unfit }],
  };
  await world.scheduler.wait(at);
  try {
    const { refusal } = await mutate(world, ...sayings[where]);
    // A reason has no effect where the bike is already as wanted, and rules may refuse text that is not stored.
    const mayBeAnswered = where === 'reason' || (Boolean(refusal) && !where.startsWith('buy'));
    if (isHalf && !mayBeAnswered) story.wrong.push(`${where} ${JSON.stringify(unfit)} was taken`);
  } catch (error) {
    const code = String(toClientError(error).extensions['code']);
    const isStrange = mayBeStrange && code === 'INTERNAL_SERVER_ERROR';
    if (code !== 'BAD_USER_INPUT' && code !== 'CONFLICT' && !isUnavailable(error) && !isStrange)
      story.wrong.push(`${where} ${JSON.stringify(unfit)} was answered ${code}: ${String(error)}`);
  }
}

/** I7 text that would not round-trip is stored nowhere, and was not charged for. */
export function halfWritten(world: World, { journals }: Evidence): string[] {
  const kept = { ...journals, charges: world.rows('approval', 'charges'), ledger: world.payments.ledger() };
  return Object.entries(kept).flatMap(([name, rows]) =>
    JSON.stringify(rows).includes(halfMark) ? [`I7 what has half a character in it stands in ${name}`] : [],
  );
}

/** Registers a bike and buys points while the broker is offline: only the relays' queues can publish it. */
export async function comeLate(world: World): Promise<void> {
  for (const instance of world.instances) instance.trouble('broker', 'refused');
  const purchase = { price: 1_000, paymentToken: 'token late', idempotencyKey: 'late' };
  await Promise.all([
    registerBike(world, 'late'),
    mutate(world, 'approval', 'buyPoints', 'late', purchase).catch(() => undefined),
  ]);
  for (const instance of world.instances) instance.trouble('broker', 'none');
}

interface RiderOptions {
  world: World;
  rider: string;
  story: Story;
  bikeIdOf(bike: number): number;
  /** Servers may answer with unknown errors: then services do so too. */
  mayBeStrange: boolean;
}

function createRider({ world, rider, story, bikeIdOf, mayBeStrange }: RiderOptions) {
  const { scheduler } = world;
  return createSeededRider({
    rider,
    story,
    bikeIdOf,
    time: { now: () => scheduler.now, wait: (ms) => scheduler.wait(ms) },
    deadline: deadlineMs,
    send(kind, input) {
      const [service, mutation] = mutations[kind];
      return mutate(
        world,
        service,
        mutation,
        rider,
        kind === 'return' ? placed(input as { reserveNo: number }) : input,
      );
    },
    problemOf(problem) {
      const error = String(toClientError(problem).extensions['code']);
      const isStrange = mayBeStrange && error === 'INTERNAL_SERVER_ERROR';
      const isFault = isUnavailable(problem) || error === 'CONFLICT' || isStrange;
      return { error, wrong: isFault ? undefined : String(problem) };
    },
    purchaseOf: (key) => ({ paymentToken: `token ${key}` }),
    races: true,
    points: () =>
      world
        .ask(
          'point',
          ({ User }, context) => (User as Fields)['totalPoint']?.({ userId: rider }, {}, context) as Promise<number>,
          viewerOf(rider, 'rider'),
        )
        .catch(() => null),
    heard({ kind, key, answer, error }) {
      const heard = answer ? `${answer.outcome} ${answer.number}` : error;
      scheduler.note(`${rider} ${kind} ${key}: ${heard}`);
    },
  });
}
