import { isUnavailable, toClientError } from '../../subgraphs/chassis/errors.ts';
import type { SubgraphName } from '../../schema/subgraphs.ts';
import type { RiderStep } from '../faults/plan.ts';
import { isOpen, phasesOf, type Answer, type Attempt, type CommandKind, type Story } from '../faults/story.ts';
import type { Plan } from './plan.ts';
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

/** Whoever still asks then takes the outcome for unknown. */
const deadlineMs = 12_000;
const viewerOf = (userId: string, role: 'rider' | 'operator') => ({ userId, roles: [role], expiresAtMs: Infinity });

/** Lets riders and operator do all they have in mind, and writes down what they heard. */
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

interface RiderOptions {
  world: World;
  rider: string;
  story: Story;
  bikeIdOf(bike: number): number;
  /** Servers may answer with errors that nobody knows: then so do services. */
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

  /** Says it, several times at once if wanted, and again until an answer decides it. */
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
    const answer = await say({ kind: 'buy', key, price }, { price }, step);
    if (!step.reusesKey || answer?.outcome !== 'APPROVED') return;
    const other = price + 1;
    const again = await attempt({ kind: 'buy', key, price: other }, { price: other });
    if (again && again.outcome !== 'IDEMPOTENCY_KEY_REUSED')
      story.wrong.push(`F17 ${key} with another body was answered ${again.outcome}`);
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
