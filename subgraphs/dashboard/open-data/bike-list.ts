import type { Picture } from '../picture.ts';
import type { StationLine } from '../tables.ts';

/** Seoul's `bikeList` (data.seoul.go.kr, OA-15493), with the codes and sentences that its users know. */
const messages = {
  'INFO-000': '정상 처리되었습니다.',
  'INFO-200': '해당하는 데이터가 없습니다.',
  'ERROR-300': '필수 값이 누락되어 있습니다. 요청인자를 참고 하십시오.',
  'ERROR-301': '파일타입 값이 누락 혹은 유효하지 않습니다. 요청인자 중 TYPE을 확인하십시오.',
  'ERROR-310': '해당하는 서비스를 찾을 수 없습니다. 요청인자 중 SERVICE를 확인하십시오.',
  'ERROR-331': '요청시작위치 값을 확인하십시오. 요청인자 중 START_INDEX를 확인하십시오.',
  'ERROR-332': '요청종료위치 값을 확인하십시오. 요청인자 중 END_INDEX를 확인하십시오.',
  'ERROR-333': '요청위치 값의 타입이 유효하지 않습니다. 요청위치 값은 정수를 입력하세요.',
  'ERROR-334': '요청종료위치 보다 요청시작위치가 더 큽니다. 요청시작조회건수는 정수를 입력하세요.',
  'ERROR-336': '데이터요청은 한번에 최대 1000건을 넘을 수 없습니다.',
} as const;

export type BikeListCode = keyof typeof messages;

/** Stations that one call may ask for. */
const mostRows = 1_000;

export type BikeListType = 'json' | 'xml';

interface BikeListQuestion {
  from: number;
  to: number;
  /** Only this station. */
  stationId: string | undefined;
}

/** What a path below `/openapi/` asks for; a code when it asks for nothing that there is. Any key will do. */
export function readBikeListPath(path: string): { type: BikeListType; asks: BikeListQuestion | BikeListCode } {
  const [, , key, type, service, from, to, stationId] = path.split('/').map(decoded);
  if (type !== 'json' && type !== 'xml') return { type: 'xml', asks: key && type ? 'ERROR-301' : 'ERROR-300' };
  return { type, asks: !key || !service ? 'ERROR-300' : questionIn(service, from, to, stationId) };
}

/** As a part of a path was meant, without blanks around it: programs encode what they put into one, a blank too. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part).trim();
  } catch {
    return part;
  }
}

function questionIn(service: string, from = '', to = '', stationId = ''): BikeListQuestion | BikeListCode {
  if (service !== 'bikeList') return 'ERROR-310';
  if (from === '' || to === '') return 'ERROR-300';
  if (!/^-?\d+$/.test(from) || !/^-?\d+$/.test(to)) return 'ERROR-333';
  const [first, last] = [Number(from), Number(to)];
  if (first < 1) return 'ERROR-331';
  if (last < 1) return 'ERROR-332';
  if (first > last) return 'ERROR-334';
  if (last - first >= mostRows) return 'ERROR-336';
  return { from: first, to: last, stationId: stationId || undefined };
}

/** What answers are cut from. */
export interface BikeList {
  /** Those that are open, by number. */
  stations: readonly StationLine[];
}

export function bikeListOf({ parked, stations }: Picture): BikeList {
  const open = [...stations.values()].filter(({ state }) => state === 'OPEN');
  const lines = open.map((station) => ({ ...station, ...parked(station.stationId) }));
  return { stations: lines.sort((one, other) => one.number - other.number) };
}

/** What the answer to a question is, as text. */
export function bikeList({ stations }: BikeList, asked: BikeListQuestion, type: BikeListType): string {
  const { from, to, stationId } = asked;
  const found = stationId === undefined ? stations : stations.filter((station) => station.stationId === stationId);
  const listed = found.slice(from - 1, to);
  if (listed.length === 0) return bikeListResult('INFO-200', type);
  const row = listed.map(rowOf);
  // Of this answer, whatever the name says: who reads all asks for the next 1,000 while it is 1,000.
  const answer = { list_total_count: row.length, RESULT: resultOf('INFO-000'), row };
  return type === 'json' ? JSON.stringify({ rentBikeStatus: answer }) : xml({ rentBikeStatus: answer });
}

/** An answer without rows. */
export function bikeListResult(code: BikeListCode, type: BikeListType): string {
  const answer = { RESULT: resultOf(code) };
  return type === 'json' ? JSON.stringify(answer) : xml(answer);
}

const resultOf = (code: BikeListCode) => ({ CODE: code, MESSAGE: messages[code] });

/** All of it is text, as there. */
function rowOf({ number, nameKo, position, racks, stationId, bikes }: StationLine) {
  return {
    rackTotCnt: String(racks),
    stationName: `${number}. ${nameKo}`,
    parkingBikeTotCnt: String(bikes),
    shared: String(racks === 0 ? 0 : Math.round((100 * bikes) / racks)),
    stationLatitude: position.latitude.toFixed(8),
    stationLongitude: position.longitude.toFixed(8),
    stationId,
  };
}

type Element = string | number | { [name: string]: Element | readonly Element[] };

const xml = (root: { [name: string]: Element }) => `<?xml version="1.0" encoding="UTF-8"?>\n${elements(root)}`;

function elements(content: Element): string {
  if (typeof content !== 'object') return escaped(String(content));
  return Object.entries(content)
    .flatMap(([name, some]) =>
      (Array.isArray(some) ? (some as Element[]) : [some as Element]).map((one) => [name, one] as const),
    )
    .map(([name, one]) => `<${name}>${elements(one)}</${name}>`)
    .join('');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** XML has no way to write most control characters: a name that got one shows a blank. */
const escaped = (text: string) =>
  text.replace(/[^\t\n\r\P{Cc}]|[\ufffe\uffff]/gu, ' ').replace(/[&<>]/g, (sign) => entities[sign] ?? '');
