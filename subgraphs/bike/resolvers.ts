import { streams, type BikeCondition, type BikeEvent, type FaultKind } from '../../schema/events/index.ts';
import {
  callerOf,
  commandOrigin,
  ContractError,
  DateTime,
  lineByLine,
  refusalOf,
  requireRole,
  type Aggregate,
  type JournalDocument,
  type LineRefusal,
  type PageRequest,
  type RequestContext,
  type Resolvers,
  type Viewer,
} from '../../platform/index.ts';
import { whyNot, type Bike, type BikeCommand, type BikeRefusal, type Fault, type NewBike } from './bike.ts';
import type { BikeFilter, BikeStore } from './store.ts';

interface Dependencies {
  bikes: Aggregate<Bike, BikeCommand, BikeEvent, BikeRefusal>;
  store: BikeStore;
  clock(): Date;
}

interface RegisterBikeInput {
  color: string;
  registeredDate?: string | null | undefined;
  idempotencyKey?: string | null;
}

interface ChangeConditionInput {
  bikeId: number;
  condition: BikeCondition;
  from?: BikeCondition | null;
  reason?: string | null;
  idempotencyKey?: string | null;
}

interface ReportFaultInput {
  bikeId: number;
  kind: FaultKind;
  note?: string | null;
  idempotencyKey?: string | null;
}

interface CloseFaultsInput {
  bikeId: number;
  until?: string | null;
  reason?: string | null;
  idempotencyKey?: string | null;
}

interface BikePayload extends LineRefusal {
  bike: ReturnType<typeof registered>;
}

/** How many entries of an audit trail are read at once. */
const longestHistory = 200;

export function createResolvers(dependencies: Dependencies): Resolvers {
  const { bikes, store } = dependencies;
  const load = (context: RequestContext, bikeId: number) => context.load('bike', bikeId, (ids) => store.byIds(ids));

  return {
    Query: {
      bike: (_root: unknown, { bikeId }: { bikeId: number }, context: RequestContext) => load(context, bikeId),
      bikes: (_root: unknown, { filter, ...page }: { filter?: BikeFilter | null } & PageRequest) =>
        store.list(filter ?? {}, page),
      faultyBikes(
        _root: unknown,
        { reportedBy, ...page }: { reportedBy?: string | null } & PageRequest,
        { viewer }: RequestContext,
      ) {
        requireRole(viewer, 'operator', 'auditor', 'admin');
        return store.faulty(reportedBy ?? null, page);
      },
    },

    Bike: {
      __resolveReference: ({ bikeId }: { bikeId: number }, context: RequestContext) => load(context, bikeId),
      faults({ faults = [] }: { faults?: readonly Fault[] }, _arguments: unknown, { viewer }: RequestContext) {
        requireRole(viewer, 'operator', 'auditor', 'admin');
        return faults.map(({ userId: by, ...fault }) => ({ ...fault, by }));
      },
      async history({ bikeId }: { bikeId: number }, _arguments: unknown, { viewer }: RequestContext) {
        requireRole(viewer, 'operator', 'auditor', 'admin');
        return (await bikes.journal.latest(streams.bike(bikeId), longestHistory)).flatMap(historyIn);
      },
    },

    Mutation: {
      registerBike(_root: unknown, { input }: { input: RegisterBikeInput }, context: RequestContext) {
        return register(dependencies, input, context, requireRole(context.viewer, 'operator', 'admin'));
      },
      changeBikeCondition(_root: unknown, { input }: { input: ChangeConditionInput }, context: RequestContext) {
        return changeCondition(dependencies, input, context, requireRole(context.viewer, 'operator', 'admin'));
      },
      reportFault(_root: unknown, { input }: { input: ReportFaultInput }, context: RequestContext) {
        return reportFault(dependencies, input, context, requireRole(context.viewer, 'rider', 'operator', 'admin'));
      },
      closeFaults(_root: unknown, { input }: { input: CloseFaultsInput }, context: RequestContext) {
        return closeFaults(dependencies, input, context, requireRole(context.viewer, 'operator', 'admin'));
      },

      // A line takes the same input as the mutation for one bike: its key answers there, too.
      async registerBikes(
        _root: unknown,
        { input }: { input: { bikes: RegisterBikeInput[] } },
        context: RequestContext,
      ) {
        const viewer = requireRole(context.viewer, 'operator', 'admin');
        const results = await lineByLine('bikes', input.bikes, async ({ registeredDate, ...line }) => {
          const date = dateIn(registeredDate);
          return 'refusal' in date ? date : register(dependencies, { ...line, ...date }, context, viewer);
        });
        return { results };
      },
      async changeBikeConditions(
        _root: unknown,
        { input }: { input: { changes: ChangeConditionInput[] } },
        context: RequestContext,
      ) {
        const viewer = requireRole(context.viewer, 'operator', 'admin');
        const change = (line: ChangeConditionInput) => changeCondition(dependencies, line, context, viewer);
        return { results: await lineByLine('changes', input.changes, change) };
      },
    },
  };
}

async function register(
  { bikes, clock }: Dependencies,
  input: RegisterBikeInput,
  context: RequestContext,
  viewer: Viewer,
): Promise<BikePayload> {
  const origin = commandOrigin(context, viewer, 'registerBike', input);
  const bike = newBikeOf(input);
  // Only a bike that joins the fleet takes a number: neither a repetition nor a refusal leaves a gap.
  const earlier = origin.isNew
    ? null
    : await context.load('cause', origin.cause, (causes) => bikes.journal.byCauses(causes));
  const known = earlier?.state.status === 'registered' ? earlier.state.bikeId : null;
  const refusal = known === null ? whyNot(bike, clock().toISOString()) : null;
  if (refusal) return { bike: null, refusal: { code: refusal.refused, because: refusal.because } };
  const bikeId = known ?? (await bikes.counters.next('bike'));
  const command: BikeCommand = { type: 'RegisterBike', bikeId, ...bike };
  const outcome = await bikes.handle(streams.bike(bikeId), command, { ...origin, opens: known === null });
  return {
    bike: outcome.kind === 'decided' ? registered(outcome.document.state) : null,
    refusal: refusalOf(outcome),
  };
}

function newBikeOf({ color, registeredDate = null }: RegisterBikeInput): NewBike {
  return { color, registeredDate };
}

async function changeCondition(
  { bikes }: Dependencies,
  input: ChangeConditionInput,
  context: RequestContext,
  viewer: Viewer,
): Promise<BikePayload> {
  const origin = commandOrigin(context, viewer, 'changeBikeCondition', input);
  const { bikeId, condition, from } = input;
  const command: BikeCommand = {
    ...{ type: 'ChangeBikeCondition', condition },
    // Blank text is no text.
    reason: input.reason || null,
    ...(from ? { from } : {}),
  };
  const outcome = await bikes.handle(streams.bike(bikeId), command, origin);
  const state = outcome.kind === 'decided' ? outcome.document.state : outcome.state;
  return { bike: registered(state), refusal: refusalOf(outcome) };
}

async function reportFault({ bikes }: Dependencies, input: ReportFaultInput, context: RequestContext, viewer: Viewer) {
  const origin = commandOrigin(context, viewer, 'reportFault', input);
  const { bikeId, kind } = input;
  const { userId } = viewer;
  // Blank text is no text.
  const command: BikeCommand = { type: 'ReportFault', userId, kind, note: input.note || null };
  return { refusal: refusalOf(await bikes.handle(streams.bike(bikeId), command, origin)) };
}

async function closeFaults(
  { bikes }: Dependencies,
  input: CloseFaultsInput,
  context: RequestContext,
  viewer: Viewer,
): Promise<BikePayload> {
  const origin = commandOrigin(context, viewer, 'closeFaults', input);
  const until = input.until ? { until: new Date(input.until).toISOString() } : {};
  const command: BikeCommand = { type: 'CloseFaults', reason: input.reason || null, ...until };
  const outcome = await bikes.handle(streams.bike(input.bikeId), command, origin);
  const state = outcome.kind === 'decided' ? outcome.document.state : outcome.state;
  return { bike: registered(state), refusal: refusalOf(outcome) };
}

/** A line's date. A malformed one refuses its line only, so it comes as text and not as a DateTime. */
function dateIn(text: string | null | undefined): { registeredDate: string | null | undefined } | LineRefusal {
  if (text === null || text === undefined) return { registeredDate: text };
  try {
    return { registeredDate: DateTime.parseValue(text) };
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return { refusal: { code: 'INVALID_DATE', because: error.message } };
  }
}

function registered(state: Bike) {
  return state.status === 'registered' ? { ...state } : null;
}

function historyIn({ events, state, cause }: JournalDocument<Bike, BikeEvent>) {
  if (state.status === 'unregistered') return [];
  return events.toReversed().map(({ type, time, correlationid, data }) => ({
    at: time,
    eventType: type,
    condition: state.condition,
    by: callerOf(cause),
    reason: 'reason' in data ? data.reason : 'note' in data ? data.note : null,
    fault: 'kind' in data ? data.kind : null,
    correlationId: correlationid,
  }));
}
