import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { createSeededRider, type CommandKind, type Payload, type Story } from '../support/seeded-rider.ts';
import type { Plan } from './plan.ts';

const requestTimeoutMs = 5_000;

export interface Asked {
  errors?: { message: string; extensions?: { code?: string } }[];
  data?: Record<string, Payload | { totalPoint: number } | null> | null;
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
      const token = await cluster.token(rider, ['rider']);
      const seeded = createSeededRider({
        rider,
        story,
        deadline,
        bikeIdOf: (bike) => story.bikeIds[bike] ?? 0,
        time: { now: () => performance.now(), wait: (ms) => delay(ms) },
        async send(kind, input) {
          const { data, errors } = await ask(cluster, token, mutations[kind], { input });
          const payload = data?.['it'] as Payload | undefined;
          if (!payload) throw new ErrorAnswer(errors ?? []);
          return payload;
        },
        problemOf,
        purchaseOf: () => ({}),
        races: false,
        async points() {
          const query = `query { user(userId: "${rider}") { totalPoint } }`;
          const { data } = await ask(cluster, token, query, {}).catch((): Asked => ({}));
          return (data?.['user'] as { totalPoint: number } | undefined)?.totalPoint ?? null;
        },
        heard: () => undefined,
      });
      await seeded.live(steps);
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

const neverRight = ['BAD_USER_INPUT', 'UNAUTHENTICATED', 'FORBIDDEN', 'INTERNAL_SERVER_ERROR'];

/** The graph answered with errors only. */
class ErrorAnswer extends Error {
  override name = 'ErrorAnswer';
  readonly code: string;
  constructor([problem]: NonNullable<Asked['errors']>) {
    super(problem?.message ?? '');
    this.code = problem?.extensions?.code ?? problem?.message ?? 'NO_DATA';
  }
}

function problemOf(error: unknown) {
  if (!(error instanceof ErrorAnswer)) return { error: error instanceof Error ? error.name : 'unknown' };
  const { code, message } = error;
  return { error: code, wrong: neverRight.includes(code) ? message : undefined };
}
