import { streams, type DemandEvent, type DemandRefusal, type ReservationEvent } from '../../schema/events/index.ts';
import {
  commandOrigin,
  refusalOf,
  requireSelfOrOperator,
  requireViewer,
  type Aggregate,
  type Origin,
  type RequestContext,
} from '../../platform/index.ts';
import type { Claims } from './claims.ts';
import type { CountRefusals } from './demand.ts';
import {
  latestIn,
  type BikeSlot,
  type Reservation,
  type ReservationCommand,
  type ReservationRefusal,
} from './reservation.ts';
import type { ReservationKey, ReservationStore } from './store.ts';

export type Slots = Aggregate<
  BikeSlot,
  ReservationCommand | CountRefusals,
  ReservationEvent | DemandEvent,
  ReservationRefusal
>;

export interface Dependencies {
  slots: Slots;
  store: ReservationStore;
  /** How long to wait for a bike that was just registered, in ms. */
  bikeWaitMs: number;
  claims: Claims;
  /** Counts a request that got no bike and took no number. */
  countRefusal(code: DemandRefusal): void;
  /** Starts to wait until point has released the reservation; also resolves after the time-out. */
  expectPointsFreed(userId: string, reserveNo: number): { arrived(): Promise<boolean>; stop(): void };
}

export interface Payload {
  reservation: Reservation | null;
  refusal: { code: string; because: string } | null;
}

export interface ReserveBikeInput {
  bikeId: number;
  userId?: string | null;
  idempotencyKey?: string | null;
}

export interface ReserveNoInput {
  reserveNo: number;
  idempotencyKey?: string | null;
}

export interface EndInput extends ReserveNoInput {
  /** Why, in the words of the person who ends it. */
  reason?: string | null;
}

/** Claims the bike, then waits for the points. */
export async function reserveBike(
  dependencies: Dependencies,
  input: ReserveBikeInput,
  context: RequestContext,
): Promise<Payload> {
  const { slots, store, claims, countRefusal } = dependencies;
  const userId = input.userId ?? requireViewer(context.viewer).userId;
  const viewer = requireSelfOrOperator(context.viewer, userId);
  const origin = commandOrigin(context, viewer, 'reserveBike', input);
  const stream = streams.bike(input.bikeId);
  // A claim that already stands is answered from its decision, even if point would refuse the rider by now.
  const stands = async () => !origin.isNew && (await slots.journal.byCause(origin.cause)) !== null;

  const refused = await claims.whyNot(userId);
  if (refused && !(await stands())) {
    countRefusal(refused.code);
    return { reservation: null, refusal: refused };
  }
  const outcome = await claim(dependencies, stream, userId, origin, context, stands);
  if (outcome.kind !== 'decided') {
    if (outcome.kind === 'refused' && isDemand(outcome.refusal.refused)) countRefusal(outcome.refusal.refused);
    return { reservation: null, refusal: refusalOf(outcome) };
  }

  const asked = outcome.document.events.find(({ type }) => type === 'ReservationRequested');
  const number = asked && 'reserveNo' in asked.data ? asked.data.reserveNo : 0;
  const from = outcome.replayed ? {} : { from: outcome.document };
  const options = { ...from, saw: context.saw };
  const slot = await slots.waitFor(stream, (state) => !isPending(state, number), options);
  const latest = latestIn(slot);
  const found = latest?.reserveNo === number ? latest : ((await store.byIds([number])).get(number) ?? null);
  if (found?.refusal) claims.turnedDown(userId);
  return { reservation: found && { ...found }, refusal: found?.refusal ?? null };
}

/** Requests that waited so long for one bike that events of all other existing bikes have arrived too. */
const waitedInVain = new WeakSet<RequestContext>();

/** Tries to claim the bike for the rider. Only a claim that stands takes a number, and counts. */
async function claim(
  { slots, claims, bikeWaitMs }: Dependencies,
  stream: string,
  userId: string,
  origin: Origin,
  context: RequestContext,
  stands: () => Promise<boolean>,
) {
  let takeBack: () => void = () => undefined;
  try {
    takeBack = claims.begin(userId);
  } catch (error) {
    if (!(await stands())) throw error;
  }
  const unnumbered: ReservationCommand = { type: 'RequestReservation', reserveNo: 0, userId };
  const numbered = async () => ({ ...unnumbered, reserveNo: await slots.counters.next('reservation') });
  let isMade = false;
  try {
    let outcome = await slots.handle(stream, unnumbered, origin, numbered);
    if (outcome.kind === 'refused' && outcome.state.status === 'unknown' && !waitedInVain.has(context)) {
      // The bike may have been registered a moment ago, and its event not have arrived yet.
      const slot = await slots.waitFor(stream, ({ status }) => status !== 'unknown', { timeoutMs: bikeWaitMs });
      if (slot.status === 'unknown') waitedInVain.add(context);
      else outcome = await slots.handle(stream, unnumbered, origin, numbered);
    }
    isMade = outcome.kind === 'decided' && !outcome.replayed;
    return outcome;
  } finally {
    if (!isMade) takeBack();
  }
}

/** Whether a refusal means that a rider got no bike. */
function isDemand(code: string): code is DemandRefusal {
  return code !== 'IDEMPOTENCY_KEY_REUSED';
}

function isPending(slot: BikeSlot, reserveNo: number): boolean {
  const latest = latestIn(slot);
  return latest?.reserveNo === reserveNo && latest.reserveStatus === 'PENDING';
}

export const startRide = (dependencies: Dependencies, input: ReserveNoInput, context: RequestContext) =>
  change(dependencies, 'startRide', input, context, ({ reserveNo }) => ({ type: 'StartRide', reserveNo }));

export const cancelReservation = (dependencies: Dependencies, input: EndInput, context: RequestContext) =>
  change(dependencies, 'cancelReservation', input, context, ({ reserveNo, userId }) => {
    const because = context.viewer?.userId === userId ? 'BY_RIDER' : 'BY_OPERATOR';
    return { type: 'CancelReservation', reserveNo, because, ...reasonIn(input) };
  });

export const returnBike = (dependencies: Dependencies, input: EndInput, context: RequestContext) =>
  change(dependencies, 'returnBike', input, context, ({ reserveNo }) => ({
    type: 'ReturnBike',
    reserveNo,
    ...reasonIn(input),
  }));

function reasonIn({ reason }: EndInput): { reason?: string } {
  // Blank text is no text.
  return reason ? { reason } : {};
}

async function change(
  { slots, store, expectPointsFreed }: Dependencies,
  mutation: string,
  input: ReserveNoInput,
  context: RequestContext,
  commandFor: (whose: ReservationKey) => ReservationCommand,
): Promise<Payload> {
  requireViewer(context.viewer);
  const { reserveNo } = input;
  const key = await store.keyOf(reserveNo);
  if (!key) return notFound;
  const viewer = requireSelfOrOperator(context.viewer, key.userId);
  const origin = commandOrigin(context, viewer, mutation, input);
  const command = commandFor(key);
  // A ride that starts keeps the points held; any other change can end the reservation.
  const freed = command.type === 'StartRide' ? null : expectPointsFreed(key.userId, reserveNo);
  try {
    const outcome = await slots.handle(streams.bike(key.bikeId), command, origin);
    const latest = latestIn(outcome.kind === 'decided' ? outcome.document.state : outcome.state);
    const reservation = latest?.reserveNo === reserveNo ? latest : (await store.byIds([reserveNo])).get(reserveNo);
    // The rider may reserve again as soon as this is answered: point must have released the points by then.
    const ended = outcome.kind === 'decided' && !outcome.replayed && outcome.document.state.status === 'free';
    if (ended) await freed?.arrived();
    return { reservation: reservation ? { ...reservation } : null, refusal: refusalOf(outcome) };
  } finally {
    freed?.stop();
  }
}

const notFound: Payload = {
  reservation: null,
  refusal: { code: 'RESERVATION_NOT_FOUND', because: 'No reservation has this number.' },
};
