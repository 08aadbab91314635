import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { Plan, RideEnd, RiderStep } from './plan.ts';

export type CommandKind = 'buy' | 'reserve' | 'cancel' | 'start' | 'return';

/** What the graph answered. */
export interface Answer {
  /** A refusal's code, or the status of the approval or reservation. */
  outcome: string;
  refused: boolean;
  /** Its confirmId or reserveNo; 0 where a refusal names none. */
  number: number;
}

/** One request, as its client saw it. Times in ms on one monotonic clock. */
export interface Attempt {
  rider: string;
  kind: CommandKind;
  /** Its idempotency key, the same for all its attempts. */
  key: string;
  bikeId: number;
  price: number;
  /** The key of the reservation that it is about. */
  of: string;
  calledAt: number;
  /** Null when no answer came, or one that leaves the outcome open. */
  answeredAt: number | null;
  answer: Answer | null;
  /** Why there is no answer. */
  error: string;
}

export interface Look {
  rider: string;
  calledAt: number;
  answeredAt: number;
  points: number;
}

export interface Story {
  bikeIds: number[];
  riders: string[];
  attempts: Attempt[];
  looks: Look[];
  /** Answers that are wrong under any fault. */
  wrong: string[];
}

const requestTimeoutMs = 5_000;

export interface Asked {
  errors?: { message: string; extensions?: { code?: string } }[];
  data?: Record<string, Payload | { totalPoint: number } | null> | null;
}

export interface Payload {
  approval?: { confirmId: number; status: string } | null;
  reservation?: { reserveNo: number; reserveStatus: string } | null;
  bike?: { bikeId: number } | null;
  refusal?: { code: string } | null;
}

export async function ask(cluster: Cluster, token: string, query: string, variables: object): Promise<Asked> {
  const response = await fetch(`${cluster.routerUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
  return (await response.json()) as Asked;
}

const mutations = {
  buy: 'mutation ($input: BuyPointsInput!) { it: buyPoints(input: $input) { approval { confirmId status } refusal { code } } }',
  reserve: change('reserveBike', 'ReserveBikeInput'),
  cancel: change('cancelReservation', 'CancelReservationInput'),
  start: change('startRide', 'StartRideInput'),
  return: change('returnBike', 'ReturnBikeInput'),
} as const satisfies Record<CommandKind, string>;

function change(mutation: string, input: string): string {
  const payload = 'reservation { reserveNo reserveStatus } refusal { code }';
  return `mutation ($input: ${input}!) { it: ${mutation}(input: $input) { ${payload} } }`;
}

/** Lets the riders of a plan do everything planned, and records their answers. */
export async function liveThrough(cluster: Cluster, plan: Plan, name: string, deadlineMs: number): Promise<Story> {
  const deadline = performance.now() + deadlineMs;
  const story: Story = { bikeIds: [], riders: [], attempts: [], looks: [], wrong: [] };
  story.bikeIds.push(...(await registerBikes(cluster, plan.bikes, name, deadline)));
  await Promise.all(
    plan.riders.map(async (steps, index) => {
      const rider = `${name}-rider-${index + 1}`;
      story.riders.push(rider);
      const token = await cluster.token(rider, ['rider']);
      await createRider({ cluster, rider, token, story, deadline }).live(steps);
    }),
  );
  return story;
}

async function registerBikes(cluster: Cluster, count: number, name: string, deadline: number): Promise<number[]> {
  const token = await cluster.token('operator', ['operator']);
  const query = 'mutation ($input: RegisterBikeInput!) { it: registerBike(input: $input) { bike { bikeId } } }';
  const register = async (idempotencyKey: string): Promise<number> => {
    while (performance.now() < deadline) {
      const answer = await ask(cluster, token, query, { input: { color: 'green', idempotencyKey } }).catch(
        () => undefined,
      );
      const payload = answer?.data?.['it'] as Payload | undefined;
      if (payload?.bike) return payload.bike.bikeId;
      await delay(100);
    }
    throw new Error('no bike could be registered');
  };
  return Promise.all(Array.from({ length: count }, (_, index) => register(`${name}-bike-${index + 1}`)));
}

interface RiderOptions {
  cluster: Cluster;
  rider: string;
  token: string;
  story: Story;
  /** On the monotonic clock: after it, an unknown outcome stays unknown. */
  deadline: number;
}

function createRider({ cluster, rider, token, story, deadline }: RiderOptions) {
  let keys = 0;
  const nextKey = (kind: string) => `${rider}-${kind}-${(keys += 1)}`;

  type Saying = Pick<Attempt, 'kind' | 'key'> & Partial<Pick<Attempt, 'bikeId' | 'price' | 'of'>>;

  async function attempt(saying: Saying, input: object): Promise<Answer | null> {
    const entry: Attempt = {
      rider,
      bikeId: 0,
      price: 0,
      of: '',
      ...saying,
      calledAt: performance.now(),
      answeredAt: null,
      answer: null,
      error: '',
    };
    story.attempts.push(entry);
    try {
      const { data, errors } = await ask(cluster, token, mutations[saying.kind], {
        input: { ...input, idempotencyKey: saying.key },
      });
      const payload = data?.['it'] as Payload | undefined;
      if (payload) {
        const { approval, reservation, refusal } = payload;
        entry.answer = {
          outcome: refusal?.code ?? approval?.status ?? reservation?.reserveStatus ?? 'NOTHING',
          refused: Boolean(refusal),
          number: approval?.confirmId ?? reservation?.reserveNo ?? 0,
        };
        entry.answeredAt = performance.now();
      } else {
        const [problem] = errors ?? [];
        entry.error = problem?.extensions?.code ?? problem?.message ?? 'NO_DATA';
        if (['BAD_USER_INPUT', 'UNAUTHENTICATED', 'FORBIDDEN', 'INTERNAL_SERVER_ERROR'].includes(entry.error))
          story.wrong.push(
            `${rider} ${saying.kind} ${saying.key} was answered ${entry.error}: ${problem?.message ?? ''}`,
          );
      }
    } catch (error) {
      entry.error = error instanceof Error ? error.name : 'unknown';
    }
    return entry.answer;
  }

  /** Sends it, several times at once if planned, and again until an answer decides it. */
  async function say(saying: Saying, input: object, { times, insists }: Pick<RiderStep, 'times' | 'insists'>) {
    for (let left = times; ; left = 1) {
      const answers = await Promise.all(Array.from({ length: left }, () => attempt(saying, input)));
      const decided = answers.find((answer) => answer && !isOpen(answer));
      if (decided) return decided;
      if (!insists || performance.now() > deadline) return answers.find((answer) => answer !== null) ?? null;
      await delay(150);
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
    const bikeId = story.bikeIds[step.bike] ?? 0;
    const key = nextKey('reserve');
    const held = await say({ kind: 'reserve', key, bikeId }, { bikeId }, step);
    if (!held || held.refused || held.number === 0) return;
    const finish = (kind: 'cancel' | 'start' | 'return') =>
      say({ kind, key: nextKey(kind), bikeId, of: key }, { reserveNo: held.number }, step);
    for (const at of phasesOf(step.then)) await Promise.all(at.map(finish));
  }

  async function look(): Promise<void> {
    const calledAt = performance.now();
    const query = `query { user(userId: "${rider}") { totalPoint } }`;
    const { data } = await ask(cluster, token, query, {}).catch((): Asked => ({}));
    const user = data?.['user'] as { totalPoint: number } | undefined;
    if (user) story.looks.push({ rider, calledAt, answeredAt: performance.now(), points: user.totalPoint });
  }

  return {
    async live(steps: readonly RiderStep[]): Promise<void> {
      for (const step of steps) {
        await delay(step.waitMs);
        if (step.does === 'buy') await buy(step);
        else if (step.does === 'ride') await ride(step);
        await look();
      }
    },
  };
}

/** An answer without an outcome: a reservation still waits, or its row is not written yet. */
export function isOpen({ outcome }: Answer): boolean {
  return outcome === 'PENDING' || outcome === 'RESERVATION_NOT_FOUND';
}

export function phasesOf(end: RideEnd): ('cancel' | 'start' | 'return')[][] {
  if (end === 'keep') return [];
  return end.split(',').map((phase) => phase.split('|') as ('cancel' | 'start' | 'return')[]);
}
