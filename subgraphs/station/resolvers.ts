import { streams, type StationEvent } from '../../schema/events/index.ts';
import { stationNumberIn, whyNotThere, type District, type Position } from '../../schema/places.ts';
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
import {
  type KnownStation,
  type Station,
  type StationCommand,
  type StationDetails,
  type StationRefusal,
} from './station.ts';
import type { Near, StationFilter, StationStore } from './store.ts';

type Stations = Aggregate<Station, StationCommand, StationEvent, StationRefusal>;

interface Dependencies {
  stations: Stations;
  store: StationStore;
}

interface StationsArguments extends PageRequest {
  filter?: StationFilter | null;
  near?: Position | null;
  withinMeters?: number | null;
}

interface OpenStationInput {
  number: number;
  nameKo: string;
  nameEn?: string | null;
  district: District;
  address?: string | null;
  position: Position;
  racks: number;
  openedDate?: string | null | undefined;
  idempotencyKey?: string | null;
}

/** What is left out, or null, stays. */
type ChangeStationInput = { [Field in keyof StationDetails]?: StationDetails[Field] | null | undefined } & {
  stationId: string;
  reason?: string | null;
  idempotencyKey?: string | null;
};

interface CloseStationInput {
  stationId: string;
  reason?: string | null;
  idempotencyKey?: string | null;
}

interface StationPayload extends LineRefusal {
  station: KnownStation | null;
}

/** How many entries of an audit trail are read at once. */
const longestHistory = 200;

export function createResolvers({ stations, store }: Dependencies): Resolvers {
  const load = (context: RequestContext, stationId: string) => {
    const number = stationNumberIn(stationId);
    return number === undefined ? null : context.load('station', number, (numbers) => store.byNumbers(numbers));
  };

  return {
    Query: {
      station: (_root: unknown, { stationId }: { stationId: string }, context: RequestContext) =>
        load(context, stationId),
      stations(_root: unknown, { filter, near, withinMeters, ...page }: StationsArguments): Promise<unknown> {
        const nearest = nearIn(near, withinMeters);
        return nearest ? store.listNear(filter ?? {}, nearest, page) : store.list(filter ?? {}, page);
      },
    },

    Station: {
      __resolveReference: ({ stationId }: { stationId: string }, context: RequestContext) => load(context, stationId),
      name: ({ nameKo, nameEn }: KnownStation, { language }: { language: 'KO' | 'EN' }) =>
        language === 'EN' ? (nameEn ?? nameKo) : nameKo,
      async history({ number }: KnownStation, _arguments: unknown, { viewer }: RequestContext) {
        requireRole(viewer, 'operator', 'auditor', 'admin');
        return (await stations.journal.latest(streams.station(number), longestHistory)).flatMap(historyIn);
      },
    },

    Mutation: {
      openStation: (_root: unknown, { input }: { input: OpenStationInput }, context: RequestContext) =>
        open(stations, input, context, requireRole(context.viewer, 'operator', 'admin')),
      changeStation: (_root: unknown, { input }: { input: ChangeStationInput }, context: RequestContext) =>
        change(stations, input, context, requireRole(context.viewer, 'operator', 'admin')),
      closeStation: (_root: unknown, { input }: { input: CloseStationInput }, context: RequestContext) =>
        close(stations, input, context, requireRole(context.viewer, 'operator', 'admin')),

      // A line takes the same input as the mutation for one station: its key answers there, too.
      async openStations(
        _root: unknown,
        { input }: { input: { stations: OpenStationInput[] } },
        context: RequestContext,
      ) {
        const viewer = requireRole(context.viewer, 'operator', 'admin');
        const results = await lineByLine('stations', input.stations, async (line) => {
          const date = dateIn(line.openedDate);
          return 'refusal' in date ? date : open(stations, { ...line, ...date }, context, viewer);
        });
        return { results };
      },
      async changeStations(
        _root: unknown,
        { input }: { input: { changes: ChangeStationInput[] } },
        context: RequestContext,
      ) {
        const viewer = requireRole(context.viewer, 'operator', 'admin');
        const results = await lineByLine('changes', input.changes, async (line) => {
          const date = dateIn(line.openedDate);
          return 'refusal' in date ? date : change(stations, { ...line, ...date }, context, viewer);
        });
        return { results };
      },
    },
  };
}

function open(stations: Stations, input: OpenStationInput, context: RequestContext, viewer: Viewer) {
  const { number, nameKo, nameEn = null, district, address = null, position, racks, openedDate = null } = input;
  const details = { nameKo, nameEn, district, address, position: { ...position }, racks, openedDate };
  const origin = commandOrigin(context, viewer, 'openStation', input);
  return handle(stations, number, { type: 'OpenStation', number, ...details }, origin);
}

function change(stations: Stations, input: ChangeStationInput, context: RequestContext, viewer: Viewer) {
  const { stationId, reason, idempotencyKey: _key, ...said } = input;
  const given = Object.entries(said).filter(([, value]) => value !== null && value !== undefined);
  const changes = Object.fromEntries(given) as Partial<StationDetails>;
  const origin = commandOrigin(context, viewer, 'changeStation', input);
  return handle(
    stations,
    stationNumberIn(stationId),
    { type: 'ChangeStation', changes, reason: reason || null },
    origin,
  );
}

function close(stations: Stations, input: CloseStationInput, context: RequestContext, viewer: Viewer) {
  const origin = commandOrigin(context, viewer, 'closeStation', input);
  // Blank text is no text.
  const reason = input.reason || null;
  return handle(stations, stationNumberIn(input.stationId), { type: 'CloseStation', reason }, origin);
}

/** @param number undefined for an id that no station can have. */
async function handle(
  stations: Stations,
  number: number | undefined,
  command: StationCommand,
  origin: ReturnType<typeof commandOrigin>,
): Promise<StationPayload> {
  const outcome = await stations.handle(streams.station(number ?? 0), command, origin);
  const state = outcome.kind === 'decided' ? outcome.document.state : outcome.state;
  return { station: known(state), refusal: refusalOf(outcome) };
}

/** @throws {ContractError} when it is no distance from a place in Korea. */
function nearIn(near: Position | null | undefined, withinMeters: number | null | undefined): Near | null {
  if (!near) {
    if (typeof withinMeters === 'number') throw new ContractError('"withinMeters" needs "near".');
    return null;
  }
  const because = whyNotThere(near);
  if (because !== null) throw new ContractError(`"near": ${because}`);
  if (typeof withinMeters === 'number' && withinMeters < 1) {
    throw new ContractError(`"withinMeters" must be 1 or more, not ${withinMeters}.`);
  }
  return { near: { ...near }, withinMeters: withinMeters ?? null };
}

/** A line's date. A malformed one refuses its line only, so it comes as text and not as a DateTime. */
function dateIn(text: string | null | undefined): { openedDate: string | null | undefined } | LineRefusal {
  if (text === null || text === undefined) return { openedDate: text };
  try {
    return { openedDate: DateTime.parseValue(text) };
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return { refusal: { code: 'INVALID_DATE', because: error.message } };
  }
}

function known(state: Station): KnownStation | null {
  return state.status === 'known' ? { ...state } : null;
}

function historyIn({ events, cause, state }: JournalDocument<Station, StationEvent>) {
  // A decision about a station is one event: its state is the state after it.
  if (state.status === 'unknown') return [];
  return events.map(({ type, time, correlationid, data }) => ({
    at: time,
    eventType: type,
    state: state.state,
    by: callerOf(cause),
    reason: 'reason' in data ? data.reason : null,
    correlationId: correlationid,
  }));
}
