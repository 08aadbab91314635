import type { EventNamed, NewEvent, StationEvent } from '../../schema/events/index.ts';
import { largestStationNumber, stationIdOf, whyNotThere } from '../../schema/places.ts';
import { charactersIn } from '../../schema/text.ts';
import { refuse, type Decider } from '../../platform/event-core/decider.ts';

/** What is said of a station. */
export type StationDetails = Omit<EventNamed<'StationOpened'>['data'], 'stationId' | 'number' | 'at'>;

export type StationState = 'OPEN' | 'CLOSED';

/** A station as it is now. */
export type KnownStation = StationDetails & { stationId: string; number: number; state: StationState };

export type Station = { status: 'unknown' } | ({ status: 'known' } & KnownStation);

export type StationCommand =
  | ({ type: 'OpenStation'; number: number } & StationDetails)
  /** What is left out stays. */
  | { type: 'ChangeStation'; changes: Partial<StationDetails>; reason: string | null }
  | { type: 'CloseStation'; reason: string | null };

export type StationRefusal =
  | 'STATION_NOT_FOUND'
  | 'STATION_NUMBER_TAKEN'
  | 'INVALID_STATION_NUMBER'
  | 'INVALID_NAME'
  | 'INVALID_ADDRESS'
  | 'INVALID_POSITION'
  | 'INVALID_RACKS'
  | 'INVALID_DATE';

export const longestName = 100;
export const longestAddress = 200;
/** The largest of Seoul has some 60. */
export const mostRacks = 1_000;

/** No public bike of the city is older: an earlier date is a slip, such as a year of two digits. */
const earliestDate = '2000-01-01T00:00:00.000+09:00';
/** Operators enter stations ahead of their opening, but not by more than a year. */
const aheadMs = 366 * 24 * 60 * 60_000;

export const station: Decider<Station, StationCommand, NewEvent<StationEvent>, StationRefusal> = {
  initial: { status: 'unknown' },

  decide(command, state, at) {
    switch (command.type) {
      case 'OpenStation': {
        const { type: _type, number, ...said } = command;
        if (!isNumber(number)) {
          return refuse('INVALID_STATION_NUMBER', `A station has a number from 1 to ${largestStationNumber}.`);
        }
        if (state.status === 'known' && state.state === 'OPEN') {
          return refuse('STATION_NUMBER_TAKEN', `Station ${number} is open already: ${state.nameKo}.`);
        }
        const details = tidied(said);
        const data = { stationId: stationIdOf(number), number, ...details, at };
        return whyNot(details, at) ?? [{ type: 'StationOpened', data }];
      }
      case 'ChangeStation': {
        if (state.status === 'unknown') return notFound;
        const { stationId, number, ...before } = detailsOf(state);
        const details = tidied({ ...before, ...command.changes });
        const refusal = whyNot(details, at);
        if (refusal) return refusal;
        if (isSame(before, details)) return [];
        const data = { stationId, number, ...details, reason: command.reason, changedAt: at };
        return [{ type: 'StationChanged', data }];
      }
      case 'CloseStation': {
        if (state.status === 'unknown') return notFound;
        if (state.state === 'CLOSED') return [];
        const { stationId } = state;
        return [{ type: 'StationClosed', data: { stationId, reason: command.reason, closedAt: at } }];
      }
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'StationOpened': {
        const { at: _at, ...said } = event.data;
        return { status: 'known', ...said, state: 'OPEN' };
      }
      case 'StationChanged': {
        const { reason: _reason, changedAt: _changedAt, ...said } = event.data;
        return state.status === 'known' ? { ...state, ...said } : state;
      }
      case 'StationClosed':
        return state.status === 'known' ? { ...state, state: 'CLOSED' } : state;
    }
  },
};

const notFound = refuse('STATION_NOT_FOUND', 'No station has this number.');

const isNumber = (number: number) => Number.isInteger(number) && number >= 1 && number <= largestStationNumber;

function detailsOf({ status: _status, state: _state, ...said }: Extract<Station, { status: 'known' }>) {
  return said;
}

/** Blank text is no text. */
function tidied({ nameKo, nameEn, address, ...said }: StationDetails): StationDetails {
  return { ...said, nameKo: nameKo.trim(), nameEn: nameEn?.trim() || null, address: address?.trim() || null };
}

/** Why a station cannot be like this; null when it can. */
function whyNot({ nameKo, nameEn, address, position, racks, openedDate }: StationDetails, at: string) {
  const elsewhere = whyNotThere(position);
  return (
    whyNoText('INVALID_NAME', 'A name', nameKo, longestName) ??
    (nameEn === null ? null : whyNoText('INVALID_NAME', 'A name', nameEn, longestName)) ??
    (address === null ? null : whyNoText('INVALID_ADDRESS', 'An address', address, longestAddress)) ??
    (elsewhere === null ? null : refuse('INVALID_POSITION', elsewhere)) ??
    (Number.isInteger(racks) && racks >= 0 && racks <= mostRacks
      ? null
      : refuse('INVALID_RACKS', `A station has 0 to ${mostRacks} racks.`)) ??
    whyNotThen(openedDate, at)
  );
}

function whyNoText(code: 'INVALID_NAME' | 'INVALID_ADDRESS', what: string, text: string, longest: number) {
  const length = charactersIn(text);
  if (length === 0 || length > longest) return refuse(code, `${what} has 1 to ${longest} characters.`);
  // What a file in another encoding leaves behind: the character that stood there is lost.
  return text.includes('\uFFFD') ? refuse(code, `${what} has a broken character in it.`) : null;
}

function whyNotThen(openedDate: string | null, at: string) {
  if (openedDate === null) return null;
  const opened = Date.parse(openedDate);
  if (opened >= Date.parse(earliestDate) && opened <= Date.parse(at) + aheadMs) return null;
  return refuse('INVALID_DATE', 'A station opened in 2000 at the earliest, and opens in a year at the latest.');
}

function isSame(one: StationDetails, other: StationDetails): boolean {
  const { position: here, ...said } = one;
  const { position: there, ...says } = other;
  return (
    here.latitude === there.latitude &&
    here.longitude === there.longitude &&
    (Object.keys(said) as (keyof typeof said)[]).every((field) => said[field] === says[field])
  );
}
