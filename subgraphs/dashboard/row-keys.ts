import type { HourView } from './hours.ts';
import type { AccountView, BikeView, MinuteView, ReservationView, StationView } from './projections.ts';

/** The last version in the view, by subject. */
export interface PositionView {
  subject: string;
  version: number;
}

/** What the view is made of. */
export interface Views {
  reservation: ReservationView;
  bike: BikeView;
  account: AccountView;
  minute: MinuteView;
  hour: HourView;
  station: StationView;
  position: PositionView;
}
export type Kind = keyof Views;
export type View = Views[Kind];
export type Key = string | number;

/** Rows as a commit has them. */
export interface Written {
  reservations: ReservationView[];
  bikes: BikeView[];
  accounts: AccountView[];
  /** Absent from rows written by older code. */
  minutes?: MinuteView[];
  /** Likewise. */
  hours?: HourView[];
  /** Likewise. */
  stations?: StationView[];
  positions: PositionView[];
}

/** Each kind's name where several stand together: in a commit, and as a collection. */
export const plurals = {
  reservation: 'reservations',
  bike: 'bikes',
  account: 'accounts',
  minute: 'minutes',
  hour: 'hours',
  station: 'stations',
  position: 'positions',
} as const satisfies Record<Kind, keyof Written>;

/** In the order in which they are compared. */
export const kinds = Object.keys(plurals) as readonly Kind[];

const keyOf: { [Name in Kind]: (view: Views[Name]) => Key } = {
  reservation: ({ reserveNo }) => reserveNo,
  bike: ({ bikeId }) => bikeId,
  account: ({ userId }) => userId,
  minute: ({ minute }) => minute,
  hour: ({ hour }) => hour,
  station: ({ stationId }) => stationId,
  position: ({ subject }) => subject,
};

export const keyOfView = <Name extends Kind>(kind: Name, view: Views[Name]): Key => keyOf[kind](view);

/** Names a row among those of all kinds. */
export const rowKey = (kind: Kind, key: Key) => `${kind}:${key}`;

/** What a row's name says. */
export function readRowKey(rowName: string): { kind: Kind; key: Key } {
  const [kind = '', key = ''] = /^([a-z]+):(.*)$/s.exec(rowName)?.slice(1) ?? [];
  return { kind: kind as Kind, key: kind === 'reservation' || kind === 'bike' ? Number(key) : key };
}

/** A commit's rows of a kind. */
export const rowsIn = <Name extends Kind>(written: Written, kind: Name) =>
  (written[plurals[kind]] ?? []) as Views[Name][];

/** A commit's rows of all kinds, by their names. */
export const namedRows = (written: Written): [rowName: string, view: View][] =>
  kinds.flatMap((kind) =>
    rowsIn(written, kind).map((view): [string, View] => [rowKey(kind, keyOfView(kind, view)), view]),
  );

/** Rows of all kinds as a commit has them. */
export function writtenFrom(rows: Iterable<readonly [rowName: string, view: View]>): Required<Written> {
  const written: Record<keyof Written, View[]> = {
    reservations: [],
    bikes: [],
    accounts: [],
    minutes: [],
    hours: [],
    stations: [],
    positions: [],
  };
  for (const [rowName, view] of rows) written[plurals[readRowKey(rowName).kind]].push(view);
  return written as Required<Written>;
}
