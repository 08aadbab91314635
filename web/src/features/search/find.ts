/** What an operator's text may be: the number of something, a rider's id, or a part of a station's name. */
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import {
  FindBikeDocument,
  FindReservationDocument,
  FindRiderDocument,
  type FindBikeQuery,
  type FindReservationQuery,
  FleetStationsDocument,
  type FleetStationsQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { readText, textRules } from '../../../../schema/text.ts';
import { linkTo } from '../../app/links.ts';

export type Hit = { href: string } & (
  | { kind: 'bike'; bike: NonNullable<FindBikeQuery['bike']> }
  | { kind: 'reservation'; reservation: NonNullable<FindReservationQuery['reservation']> }
  | { kind: 'station'; station: FleetStationsQuery['dashboard']['stations']['nodes'][number] }
  | { kind: 'rider'; userId: string }
);

export interface Found {
  hits: readonly Hit[];
  /** Some services did not answer: there may be more. */
  isPartial: boolean;
}

export const longestText = textRules.userId.longest;
/** As many stations as one reads at a glance. */
const mostStations = 5;

/** The largest number that GraphQL's Int carries. */
const largestNumber = 2 ** 31 - 1;

/** What a text is searched as; `#45` is a reservation, `ST-101` a station, and nothing else. */
export function meaningsOf(text: string) {
  const said = text.trim();
  const [, sign = '', digits] = /^(#|st-)?0*(\d+)$/i.exec(said.normalize('NFKC').replaceAll(',', '')) ?? [];
  const number = digits !== undefined && Number(digits) > 0 && Number(digits) <= largestNumber ? Number(digits) : null;
  const isRider = sign === '' && readText(said, textRules.userId).fault === null;
  return {
    bikeId: sign === '' ? number : null,
    reserveNo: sign === '' || sign === '#' ? number : null,
    station: sign === '#' || said === '' ? null : number === null ? said.slice(0, 100) : String(number),
    userId: isRider ? said : null,
  };
}

/** Everything that the text may be, what is meant most often first. */
export async function find(client: Client, text: string, signal: AbortSignal): Promise<Found> {
  const { bikeId, reserveNo, station, userId } = meaningsOf(text);
  const bikes = async (): Promise<Hit[]> => {
    if (bikeId === null) return [];
    const { bike } = await client.request(FindBikeDocument, { bikeId }, { signal });
    return bike ? [{ kind: 'bike', bike, href: linkTo('bike', bikeId) }] : [];
  };
  const reservations = async (): Promise<Hit[]> => {
    if (reserveNo === null) return [];
    const { reservation } = await client.request(FindReservationDocument, { reserveNo }, { signal });
    return reservation ? [{ kind: 'reservation', reservation, href: linkTo('reservation', reserveNo) }] : [];
  };
  const stations = async (): Promise<Hit[]> => {
    if (station === null) return [];
    const variables = { filter: { text: station }, first: mostStations };
    const { nodes } = (await client.request(FleetStationsDocument, variables, { signal })).dashboard.stations;
    return nodes.map((each) => ({ kind: 'station', station: each, href: linkTo('station', each.stationId) }));
  };
  const riders = async (): Promise<Hit[]> => {
    if (userId === null) return [];
    const { pointAccount } = await client.request(FindRiderDocument, { userId }, { signal });
    return pointAccount ? [{ kind: 'rider', userId, href: linkTo('rider', userId) }] : [];
  };
  const asked = await Promise.allSettled([bikes(), reservations(), stations(), riders()]);
  signal.throwIfAborted();
  return {
    hits: asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : [])),
    // What a service takes for no value is nothing that it has.
    isPartial: asked.some((each) => each.status === 'rejected' && !isNoValue(each.reason)),
  };
}

const isNoValue = (error: unknown) => error instanceof GraphqlRequestError && error.code === 'BAD_USER_INPUT';
