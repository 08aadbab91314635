import { isUnavailable, toClientError } from '../../platform/foundation/errors.ts';
import type { SubgraphName } from '../../schema/subgraphs.ts';
import type { RiderStep } from '../faults/plan.ts';
import { isOpen, phasesOf, type Answer, type Attempt, type CommandKind, type Story } from '../faults/story.ts';
import type { Evidence } from '../support/violations.ts';
import type { Plan, Unfit, UnfitPlace } from './plan.ts';
import type { World } from './world.ts';

/** By command: who decides, and the mutation. */
const mutations = {
  buy: ['approval', 'buyPoints'],
  reserve: ['reservation', 'reserveBike'],
  cancel: ['reservation', 'cancelReservation'],
  start: ['reservation', 'startRide'],
  return: ['reservation', 'returnBike'],
} as const satisfies Record<CommandKind, readonly [SubgraphName, string]>;

interface Payload {
  bike?: { bikeId: number } | null;
  approval?: { confirmId: number; status: string } | null;
  reservation?: { reserveNo: number; reserveStatus: string } | null;
  refusal?: { code: string } | null;
}

type Fields = Record<string, (source: unknown, given: object, context: object) => Promise<unknown>>;

/** Only one body of a key has such an answer. */
const decidedPurchases: readonly (string | undefined)[] = ['APPROVED', 'PAYMENT_DECLINED'];

/** Clients that still ask then take the outcome for unknown. */
const deadlineMs = 12_000;
const viewerOf = (userId: string, role: 'rider' | 'operator') => ({ userId, roles: [role], expiresAtMs: Infinity });

/** Runs everything that riders and operator have planned, and records their answers. */
export async function liveThrough(world: World, plan: Plan, mayBeStrange: boolean): Promise<Story> {
  const story: Story = { bikeIds: [], riders: [], attempts: [], looks: [], wrong: [] };
  const registered = Array.from({ length: plan.bikes }, (_, index) => registerBike(world, `bike-${index + 1}`));
  story.bikeIds.push(...(await Promise.all(registered)));
  const bikeIdOf = (bike: number) => story.bikeIds[bike % story.bikeIds.length] ?? 0;
  await Promise.all([
    ...plan.riders.map((steps, index) =>
      createRider({ world, rider: `rider-${index + 1}`, story, bikeIdOf, mayBeStrange }).live(steps),
    ),
    ...plan.conditions.map(async ({ at, bike, condition }, index) => {
      await world.scheduler.wait(at);
      const input = { bikeId: bikeIdOf(bike), condition, idempotencyKey: `condition-${index}` };
      await mutate(world, 'bike', 'changeBikeCondition', 'operator', input).catch(() => undefined);
    }),
    ...plan.unfit.map((saying, index) =>
      sayUnfit(world, story, saying, `${unfitMark}${index}`, bikeIdOf, mayBeStrange),
    ),
  ]);
  return story;
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
  let keys = 0;
  const nextKey = (kind: string) => `${rider}-${kind}-${(keys += 1)}`;

  type Saying = Pick<Attempt, 'kind' | 'key'> & Partial<Pick<Attempt, 'bikeId' | 'price' | 'of'>>;

  async function attempt(saying: Saying, input: object): Promise<Answer | null> {
    const open = { calledAt: scheduler.now, answeredAt: null, answer: null, error: '' };
    const entry: Attempt = { rider, bikeId: 0, price: 0, of: '', ...saying, ...open };
    story.attempts.push(entry);
    const [service, mutation] = mutations[saying.kind];
    try {
      const given = { ...input, idempotencyKey: saying.key };
      const { approval, reservation, refusal } = await mutate(world, service, mutation, rider, given);
      entry.answer = {
        outcome: refusal?.code ?? approval?.status ?? reservation?.reserveStatus ?? 'NOTHING',
        refused: Boolean(refusal),
        number: approval?.confirmId ?? reservation?.reserveNo ?? 0,
      };
      entry.answeredAt = scheduler.now;
    } catch (error) {
      entry.error = String(toClientError(error).extensions['code']);
      const isStrange = mayBeStrange && entry.error === 'INTERNAL_SERVER_ERROR';
      if (!isUnavailable(error) && entry.error !== 'CONFLICT' && !isStrange)
        story.wrong.push(`${rider} ${saying.kind} ${saying.key} was answered ${entry.error}: ${String(error)}`);
    }
    const heard = entry.answer ? `${entry.answer.outcome} ${entry.answer.number}` : entry.error;
    scheduler.note(`${rider} ${saying.kind} ${saying.key}: ${heard}`);
    return entry.answer;
  }

  /** Sends it, several times at once if planned, and again until an answer decides it. */
  async function say(saying: Saying, input: object, { times, insists }: Pick<RiderStep, 'times' | 'insists'>) {
    for (let left = times; ; left = 1) {
      const answers = await Promise.all(Array.from({ length: left }, () => attempt(saying, input)));
      const decided = answers.find((answer) => answer && !isOpen(answer));
      if (decided) return decided;
      if (!insists || scheduler.now > deadlineMs) return answers.find((answer) => answer !== null) ?? null;
      await scheduler.wait(150);
    }
  }

  async function buy(step: Extract<RiderStep, { does: 'buy' }>): Promise<void> {
    const key = nextKey('buy');
    const { price } = step;
    const paymentToken = `token ${key}`;
    const first = say({ kind: 'buy', key, price }, { price, paymentToken }, step);
    if (!step.reusesKey) {
      await first;
      return;
    }
    // Requests that are sent several times at once have a competing body under the same key.
    const isRace = step.times > 1;
    if (!isRace && !decidedPurchases.includes((await first)?.outcome)) return;
    const other = price + 1;
    const again = await attempt({ kind: 'buy', key, price: other }, { price: other, paymentToken });
    const answer = await first;
    const bothAnswered = [answer?.outcome, again?.outcome].every((outcome) => decidedPurchases.includes(outcome));
    if (bothAnswered) story.wrong.push(`F17 ${key} with another body was answered ${again?.outcome ?? ''}`);
  }

  async function ride(step: Extract<RiderStep, { does: 'ride' }>): Promise<void> {
    const bikeId = bikeIdOf(step.bike);
    const key = nextKey('reserve');
    const held = await say({ kind: 'reserve', key, bikeId }, { bikeId }, step);
    if (!held || held.refused || held.number === 0) return;
    const finish = (kind: 'cancel' | 'start' | 'return') =>
      say({ kind, key: nextKey(kind), bikeId, of: key }, { reserveNo: held.number }, step);
    for (const at of phasesOf(step.then)) await Promise.all(at.map(finish));
  }

  async function look(): Promise<void> {
    const calledAt = scheduler.now;
    const points = await world
      .ask(
        'point',
        ({ User }, context) => (User as Fields)['totalPoint']?.({ userId: rider }, {}, context) as Promise<number>,
        viewerOf(rider, 'rider'),
      )
      .catch(() => null);
    if (points !== null) story.looks.push({ rider, calledAt, answeredAt: scheduler.now, points });
  }

  return {
    async live(steps: readonly RiderStep[]): Promise<void> {
      story.riders.push(rider);
      for (const step of steps) {
        await scheduler.wait(step.waitMs);
        if (step.does === 'buy') await buy(step);
        else if (step.does === 'ride') await ride(step);
        await look();
      }
    },
  };
}
