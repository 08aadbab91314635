import { streams } from '../../schema/events/index.ts';
import { stationNumberIn } from '../../schema/places.ts';
import {
  commandOrigin,
  refusalOf,
  requireSelfOrOperator,
  requireViewer,
  type Origin,
  type RequestContext,
} from '../../platform/index.ts';
import { stateIfKnown } from './stations.ts';
import { askedIn, type Dependencies, type ReserveBikeInput } from './use-cases.ts';
import { placeIn, type Awaited, type Waiting } from './waiting.ts';
import { whereIn, type ListRow, type Lists, type WaitingRows } from './waiting-lists.ts';

export interface WaitingDependencies extends Pick<Dependencies, 'slots' | 'store' | 'stations' | 'claims'> {
  lists: Lists;
  rows: Pick<WaitingRows, 'of'>;
}

export interface StopWaitingInput {
  userId?: string | null;
  idempotencyKey?: string | null;
}

export interface WaitingPayload {
  waiting: Waiting | null;
  refusal: { code: string; because: string } | null;
}

/** Puts the rider behind all who wait for the bike, or at the station, and takes them out of every other list. */
export async function waitForBike(
  dependencies: WaitingDependencies,
  input: ReserveBikeInput,
  context: RequestContext,
): Promise<WaitingPayload> {
  const { lists, rows, claims } = dependencies;
  const userId = input.userId ?? requireViewer(context.viewer).userId;
  const viewer = requireSelfOrOperator(context.viewer, userId);
  const origin = commandOrigin(context, viewer, 'waitForBike', input);
  const awaited = askedIn(input);
  const refusal = await whyNot(dependencies, awaited, userId);
  const isRepeated = !origin.isNew && (await lists.journal.byCause(origin.cause)) !== null;
  if (refusal && !isRepeated) return { waiting: null, refusal };
  const stream = streams.waiting(awaited);
  // Coming and going is what a rider could do without end.
  if (!isRepeated) claims.begin(userId);
  const others = (await rows.of([userId])).filter(({ _id }) => _id !== stream);
  const after = whereIn(others, userId)?.since;
  const command = { type: 'JoinList' as const, userId, awaited, ...(after !== undefined && { after }) };
  const outcome = await lists.handle(stream, command, origin);
  const state = outcome.kind === 'decided' ? outcome.document.state : outcome.state;
  // Refused for its key, there may be no such list.
  const place = outcome.kind === 'refused' ? null : placeIn(state, awaited, userId);
  // What a process leaves undone here, the next look does.
  if (outcome.kind === 'decided' && !outcome.replayed) await leave(lists, others, userId, 'ELSEWHERE', origin);
  return { waiting: place, refusal: refusalOf(outcome) };
}

/** Takes the rider out of the list that they are in. */
export async function stopWaiting(
  { lists, rows }: WaitingDependencies,
  input: StopWaitingInput,
  context: RequestContext,
): Promise<{ refusal: WaitingPayload['refusal'] }> {
  const userId = input.userId ?? requireViewer(context.viewer).userId;
  const viewer = requireSelfOrOperator(context.viewer, userId);
  const origin = commandOrigin(context, viewer, 'stopWaiting', input);
  // The same key again: the list in which it was decided.
  const earlier = origin.isNew ? null : await lists.journal.byCause(origin.cause);
  const found: readonly Found[] = earlier ? [{ _id: earlier.stream }] : await rows.of([userId]);
  const [first, ...others] = found;
  if (first === undefined) return { refusal: { code: 'NOT_WAITING', because: 'The rider waits for no bike.' } };
  // The others first: once the key has its answer, a repetition does no more.
  await leave(lists, others, userId, 'BY_RIDER', origin);
  const outcome = await lists.handle(first._id, { type: 'LeaveList', userId, because: 'BY_RIDER' }, origin);
  return { refusal: refusalOf(outcome) };
}

/** Why nobody, or not this rider, can wait for it. */
async function whyNot({ slots, store, stations }: WaitingDependencies, awaited: Awaited, userId: string) {
  if ('stationId' in awaited) {
    const { stationId } = awaited;
    // Without an answer of station the rider waits: should it have closed, the list ends.
    const state = stationNumberIn(stationId) === undefined ? 'unknown' : await stateIfKnown(stations, stationId);
    if (state === 'unknown') return { code: 'STATION_NOT_FOUND', because: 'No station has this number.' };
    if (state === 'CLOSED') return { code: 'STATION_CLOSED', because: 'The station is closed.' };
  } else {
    const slot = await slots.state(streams.bike(awaited.bikeId));
    if (slot.status === 'unknown') return { code: 'BIKE_NOT_FOUND', because: 'No bike has this number.' };
    // One in maintenance comes back.
    if (slot.condition === 'LOST' || slot.condition === 'RETIRED') {
      return { code: 'BIKE_NOT_IN_SERVICE', because: 'The bike is out of service.' };
    }
  }
  const isLive = (await store.liveByUserIds([userId])).has(userId);
  return isLive ? { code: 'RIDER_HAS_LIVE_RESERVATION', because: 'The rider has a reservation or a ride.' } : null;
}

/** A list that the rider is in. */
type Found = Pick<ListRow, '_id'>;

async function leave(
  lists: Lists,
  found: readonly Found[],
  userId: string,
  because: 'ELSEWHERE' | 'BY_RIDER',
  { body: _body, ...origin }: Origin,
): Promise<void> {
  for (const { _id: stream } of found) {
    await lists.handle(
      stream,
      { type: 'LeaveList', userId, because },
      { ...origin, cause: `leave:${stream}:${origin.cause}` },
    );
  }
}
