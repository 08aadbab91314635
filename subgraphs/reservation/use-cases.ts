import {
  demandRefusal,
  streams,
  type DemandEvent,
  type DemandRefusal,
  type ReservationEvent,
} from '../../schema/events/index.ts';
import { stationNumberIn, whyNotThere, type Position } from '../../schema/places.ts';
import {
  commandOrigin,
  ContractError,
  lineByLine,
  maxLines,
  refusalOf,
  requireRole,
  requireSelfOrOperator,
  requireViewer,
  type Aggregate,
  type Origin,
  type RequestContext,
} from '../../platform/index.ts';
import type { Asked } from './alternatives.ts';
import type { Claims } from './claims.ts';
import type { CountRefusals } from './demand.ts';
import type { Place } from './place.ts';
import {
  latestIn,
  reportsIn,
  type BikeSlot,
  type Reservation,
  type ReservationCommand,
  type ReservationRefusal,
} from './reservation.ts';
import { reportOf, type ReturnReport } from './return-report.ts';
import { stateIfKnown, type Stations, type StationState } from './stations.ts';
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
  stations: Stations;
  /** At least 0, below 1. */
  random(): number;
  /** Counts a request that got no bike and took no number. */
  countRefusal(code: DemandRefusal): void;
  /** Starts to wait until point has released the reservation; also resolves after the time-out. */
  expectPointsFreed(userId: string, reserveNo: number): { arrived(): Promise<boolean>; stop(): void };
}

export interface Payload {
  /** With the report of its return, where the bike still knows it. */
  reservation: (Reservation & { returnReport?: ReturnReport }) | null;
  refusal: { code: string; because: string } | null;
}

/** With what was asked for, so that others can be named where it was refused. */
export interface ReserveBikePayload extends Payload {
  asked: Asked;
}

export interface ReserveBikeInput {
  bikeId?: number | null;
  stationId?: string | null;
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

export interface ReturnBikeInput extends EndInput, PlaceInput {}

/** Where a bike stands: one of the two, or neither. */
export interface PlaceInput {
  stationId?: string | null;
  position?: Position | null;
}

export interface MoveBikesLine extends PlaceInput {
  bikeId: number;
  fromStationId?: string | null;
  reason?: string | null;
  idempotencyKey?: string | null;
}

/** Claims the bike, or one at the station, then waits for the points. */
export async function reserveBike(
  dependencies: Dependencies,
  input: ReserveBikeInput,
  context: RequestContext,
): Promise<ReserveBikePayload> {
  const userId = input.userId ?? requireViewer(context.viewer).userId;
  const viewer = requireSelfOrOperator(context.viewer, userId);
  const origin = commandOrigin(context, viewer, 'reserveBike', input);
  const asked = askedIn(input);
  return { ...(await reserve(dependencies, { ...asked, userId }, origin, context)), asked };
}

/** @throws {ContractError} when it is neither or both. */
export function askedIn({ bikeId, stationId }: { bikeId?: number | null; stationId?: string | null }): Asked {
  if (typeof bikeId === 'number' && typeof stationId !== 'string') return { bikeId };
  if (typeof stationId === 'string' && typeof bikeId !== 'number') return { stationId };
  throw new ContractError('Say "bikeId" or "stationId", one of the two.');
}

async function reserve(
  dependencies: Dependencies,
  input: Asked & { userId: string },
  origin: Origin,
  context: RequestContext,
): Promise<Payload> {
  const { slots, store, claims, countRefusal } = dependencies;
  const { userId } = input;
  // A claim that already stands is answered from its decision, even if point would refuse the rider by now.
  const stands = () => isDecided(slots, origin);

  const refused = await claims.whyNot(userId);
  if (refused && !(await stands())) {
    countRefusal(refused.code);
    return { reservation: null, refusal: refused };
  }
  const claimOf = (which: number, at?: string) =>
    claim(dependencies, streams.bike(which), { userId, ...(at !== undefined && { at }) }, origin, context, stands);
  const outcome = await ('bikeId' in input
    ? claimOf(input.bikeId)
    : claimAt(dependencies, input.stationId, origin, (bikeId) => claimOf(bikeId, input.stationId)));
  if (outcome.kind === 'empty') {
    if (isDemand(outcome.refusal.code)) countRefusal(outcome.refusal.code);
    return { reservation: null, refusal: outcome.refusal };
  }
  if (outcome.kind !== 'decided') {
    if (outcome.kind === 'refused' && isDemand(outcome.refusal.refused)) countRefusal(outcome.refusal.refused);
    return { reservation: null, refusal: refusalOf(outcome) };
  }
  // A repetition of a claim at a station is answered from the bike that it got.
  const { stream } = outcome.document;

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

/**
 * A bike at a station that can be reserved: how many are looked at together, and how often. Riders of one station choose
 * by chance, so that they seldom want the same bike; each look finds what the others left.
 */
const bikesPerLook = 20;
const looksAtStation = 3;

/** Claims any bike that stands at the station, another one when it is taken or moved meanwhile. */
async function claimAt(
  { slots, store, stations, random }: Dependencies,
  stationId: string,
  origin: Origin,
  claimOf: (bikeId: number) => ReturnType<typeof claim>,
) {
  if (stationNumberIn(stationId) === undefined) return { kind: 'empty' as const, refusal: noStation };
  const earlier = origin.isNew ? null : await slots.journal.byCause(origin.cause);
  if (earlier && 'bikeId' in earlier.state) return claimOf(earlier.state.bikeId);
  const look = () => store.availableAt(stationId, bikesPerLook);
  // The first look does not wait for the answer: hardly any station that riders ask for is closed.
  const [state, first] = await Promise.all([stateIfKnown(stations, stationId), look()]);
  if (state === 'CLOSED') return { kind: 'empty' as const, refusal: closedStation };
  for (let looks = 1; looks <= looksAtStation; looks += 1) {
    const bikeIds = looks === 1 ? first : await look();
    while (bikeIds.length > 0) {
      const [bikeId = 0] = bikeIds.splice(Math.floor(random() * bikeIds.length), 1);
      const outcome = await claimOf(bikeId);
      if (outcome.kind !== 'refused' || !isTaken.has(outcome.refusal.refused)) return outcome;
    }
  }
  return { kind: 'empty' as const, refusal: state === 'unknown' ? noStation : noBike };
}

/** Why a bike at a station is passed over. */
const isTaken: ReadonlySet<string> = new Set(['BIKE_ALREADY_RESERVED', 'BIKE_NOT_IN_SERVICE', 'NO_BIKE_AT_STATION']);

const noStation = { code: 'STATION_NOT_FOUND', because: 'No station has this number.' };
const closedStation = { code: 'STATION_CLOSED', because: 'The station is closed.' };
const noBike = { code: 'NO_BIKE_AT_STATION', because: 'No bike at this station can be reserved now.' };

/** Requests that waited so long for one bike that events of all other existing bikes have arrived too. */
const waitedInVain = new WeakSet<RequestContext>();

/** Tries to claim the bike for the rider. Only a claim that stands takes a number, and counts. */
async function claim(
  { slots, claims, bikeWaitMs }: Dependencies,
  stream: string,
  { userId, ...where }: { userId: string; at?: string },
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
  const unnumbered: ReservationCommand = { type: 'RequestReservation', reserveNo: 0, userId, ...where };
  const numbered = async () => ({ ...unnumbered, reserveNo: await slots.counters.next('reservation') });
  let isMade = false;
  try {
    let outcome = await slots.handle(stream, unnumbered, origin, numbered);
    const isUnknown = outcome.kind === 'refused' && outcome.refusal.refused === 'BIKE_NOT_FOUND';
    if (isUnknown && !waitedInVain.has(context)) {
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

/** Whether the command stands: its repetition gets the first answer, whatever has changed since. */
async function isDecided({ journal }: Slots, { isNew, cause }: Origin): Promise<boolean> {
  return !isNew && (await journal.byCause(cause)) !== null;
}

/** Whether a refusal means that a rider got no bike; others are mistakes of the request. */
function isDemand(code: string): code is DemandRefusal {
  return demandRefusal.safeParse(code).success;
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

export async function returnBike(
  dependencies: Dependencies,
  input: ReturnBikeInput,
  context: RequestContext,
): Promise<Payload> {
  const said = await placeSaid(dependencies, 'returnBike', input, context);
  if ('code' in said) return { reservation: null, refusal: said };
  const command = { type: 'ReturnBike' as const, ...reasonIn(input), ...said };
  return change(dependencies, 'returnBike', input, context, ({ reserveNo }) => ({ ...command, reserveNo }));
}

/**
 * Where a bike is said to be given back, or why it cannot be. A return is never lost for want of a station: a closed one
 * takes it, and so does one that nobody can ask now; a repetition of what stands is asked nothing.
 */
export async function placeSaid(
  { stations, slots }: Pick<Dependencies, 'stations' | 'slots'>,
  mutation: string,
  input: PlaceInput & ReserveNoInput,
  context: RequestContext,
): Promise<{ place?: Place } | NonNullable<Payload['refusal']>> {
  const viewer = requireViewer(context.viewer);
  const { stationId } = input;
  const isWellFormed = typeof stationId !== 'string' || stationNumberIn(stationId) !== undefined;
  const place = placeIn(input, isWellFormed && stationId ? await stateIfKnown(stations, stationId) : 'unknown');
  if (!('code' in place)) return place;
  return (await isDecided(slots, commandOrigin(context, viewer, mutation, input))) ? {} : place;
}

/**
 * Says where bikes stand; lines of one bike queue up in their order, as commands of one stream do. Only of stations that
 * there are: without an answer of station nothing is moved.
 */
export async function moveBikes(
  { slots, stations }: Dependencies,
  lines: readonly MoveBikesLine[],
  context: RequestContext,
) {
  const viewer = requireRole(context.viewer, 'operator', 'admin');
  const stationIds = lines.flatMap(({ stationId }) => (typeof stationId === 'string' ? [stationId] : []));
  const stateOf =
    stationIds.length > 0 ? await stations.statesOf(stationIds.slice(0, maxLines)) : () => 'unknown' as const;
  return lineByLine('moves', lines, async (line) => {
    const station = typeof line.stationId === 'string' ? stateOf(line.stationId) : undefined;
    const place = station === 'CLOSED' ? closedStation : placeIn(line, station);
    const origin = commandOrigin(context, viewer, 'moveBikes', line);
    if ('code' in place && !(await isDecided(slots, origin))) return { bike: null, refusal: place };
    // Blank text is no text.
    const command: ReservationCommand = {
      type: 'MoveBike',
      reason: line.reason || null,
      ...('code' in place ? {} : place),
      ...(line.fromStationId ? { from: line.fromStationId } : {}),
    };
    const outcome = await slots.handle(streams.bike(line.bikeId), command, origin);
    const { status } = outcome.kind === 'decided' ? outcome.document.state : outcome.state;
    const bike = status === 'unknown' ? null : { __typename: 'Bike', bikeId: line.bikeId };
    return { bike, refusal: refusalOf(outcome) };
  });
}

/** Where a bike is said to stand, or why it cannot. @param state of the station; undefined when it is not known. */
function placeIn(
  { stationId, position }: PlaceInput,
  state: StationState | undefined,
): { place?: Place } | NonNullable<Payload['refusal']> {
  if (typeof stationId === 'string') {
    if (position) throw new ContractError('Say "stationId" or "position", not both.');
    return state === 'unknown' ? noStation : { place: { stationId } };
  }
  if (!position) return {};
  const because = whyNotThere(position);
  return because === null ? { place: { position: { ...position } } } : { code: 'INVALID_POSITION', because };
}

export function reasonIn({ reason }: { reason?: string | null }): { reason?: string } {
  // Blank text is no text.
  return reason ? { reason } : {};
}

/** Decides on a reservation, for its rider or an operator. */
export async function change(
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
  // Before the decision: the news of it may come before the answer.
  const freed = ending.has(command.type) ? expectPointsFreed(key.userId, reserveNo) : null;
  try {
    const outcome = await slots.handle(streams.bike(key.bikeId), command, origin);
    const state = outcome.kind === 'decided' ? outcome.document.state : outcome.state;
    const latest = latestIn(state);
    const reservation = latest?.reserveNo === reserveNo ? latest : (await store.byIds([reserveNo])).get(reserveNo);
    // The rider may reserve again as soon as this is answered: point must have released the points by then.
    const ended = outcome.kind === 'decided' && !outcome.replayed && outcome.document.events.some(isEnd);
    if (ended) await freed?.arrived();
    const returnReport = reportOf(reportsIn(state), reserveNo);
    return {
      reservation: reservation ? { ...reservation, ...(returnReport && { returnReport }) } : null,
      refusal: refusalOf(outcome),
    };
  } finally {
    freed?.stop();
  }
}

/** Commands that can end a reservation which is paid for, and the events that do. */
const ending: ReadonlySet<string> = new Set(['CancelReservation', 'ReturnBike', 'SettleReturn']);
const isEnd = ({ type }: { type: string }) => type === 'ReservationCancelled' || type === 'BikeReturned';

const notFound: Payload = {
  reservation: null,
  refusal: { code: 'RESERVATION_NOT_FOUND', because: 'No reservation has this number.' },
};
