import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bikeList, bikeListOf, bikeListResult, readBikeListPath } from './bike-list.ts';
import { bikeNumbered, pictureOf, pictures, stationNumbered } from './testing.ts';

const many = pictureOf(
  [],
  Array.from({ length: 2_800 }, (_, index) => stationNumbered(2_800 - index)),
);

interface Answer {
  rentBikeStatus?: { list_total_count: number; RESULT: { CODE: string }; row: Record<string, string>[] };
  RESULT?: { CODE: string };
}

function ask(path: string, picture = many): Answer {
  const { type, asks } = readBikeListPath(path);
  return JSON.parse(
    typeof asks === 'string' ? bikeListResult(asks, type) : bikeList(bikeListOf(picture), asks, type),
  ) as Answer;
}
const codeOf = (path: string, picture = many) => {
  const answer = ask(path, picture);
  return answer.RESULT?.CODE ?? answer.rentBikeStatus?.RESULT.CODE;
};

describe('bikeList', () => {
  it('is as its developers know it', () => {
    const standing = { stationId: 'ST-102' };
    const picture = pictureOf(
      Array.from({ length: 19 }, (_, index) =>
        bikeNumbered(index + 1, { ...standing, use: index ? 'free' : 'reserved' }),
      ),
      [stationNumbered(102, { nameKo: '망원역 1번출구 앞', racks: 14 }), stationNumbered(103, { state: 'CLOSED' })],
    );
    expect(ask('/openapi/key/json/bikeList/1/5/', picture)).toEqual({
      rentBikeStatus: {
        list_total_count: 1,
        RESULT: { CODE: 'INFO-000', MESSAGE: '정상 처리되었습니다.' },
        row: [
          {
            rackTotCnt: '14',
            stationName: '102. 망원역 1번출구 앞',
            parkingBikeTotCnt: '19',
            shared: '136',
            stationLatitude: '37.55564880',
            stationLongitude: '126.91062927',
            stationId: 'ST-102',
          },
        ],
      },
    });
  });

  it('comes as XML too, whatever is in a name', () => {
    const picture = pictureOf([], [stationNumbered(1, { nameKo: 'A & B <1>\u0000', racks: 0 })]);
    const { asks } = readBikeListPath('/openapi/key/xml/bikeList/1/5');
    if (typeof asks === 'string') throw new Error(asks);
    const text = bikeList(bikeListOf(picture), asks, 'xml');
    expect(text).toContain('<rentBikeStatus><list_total_count>1</list_total_count><RESULT><CODE>INFO-000</CODE>');
    expect(text).toContain('<stationName>1. A &amp; B &lt;1&gt; </stationName>');
    expect(text).toContain('<shared>0</shared>');
    expect(bikeListResult('INFO-200', 'xml')).toContain('<RESULT><CODE>INFO-200</CODE>');
  });

  it('gives 2,800 stations, by number, to programs that ask again while they get 1,000', () => {
    const rows: Record<string, string>[] = [];
    for (let count = 1_000; count === 1_000;) {
      const from = rows.length + 1;
      const { rentBikeStatus } = ask(`/openapi/k/json/bikeList/${from}/${from + 999}/`);
      rows.push(...(rentBikeStatus?.row ?? []));
      count = rentBikeStatus?.list_total_count ?? 0;
    }
    expect(rows.map(({ stationId }) => stationId)).toEqual(
      Array.from({ length: 2_800 }, (_, index) => `ST-${index + 1}`),
    );
  });

  it.each([
    ['/openapi/k/json/bikeList/1/1000', 'INFO-000'],
    ['/openapi/k/json/bikeList/1/1001', 'ERROR-336'],
    ['/openapi/k/json/bikeList/1/99999999999999999999', 'ERROR-336'],
    ['/openapi/k/json/bikeList/2801/2900/', 'INFO-200'],
    ['/openapi/k/json/bikeList/1/5/ST-2799', 'INFO-000'],
    ['/openapi/k/json/bikeList/1/5/ST-9999', 'INFO-200'],
    ['/openapi/k/json/bikeList/a/5/', 'ERROR-333'],
    ['/openapi/k/json/bikeList/1/5.0/', 'ERROR-333'],
    ['/openapi/k/json/bikeList/0/5/', 'ERROR-331'],
    ['/openapi/k/json/bikeList/-1/5/', 'ERROR-331'],
    ['/openapi/k/json/bikeList/1/0/', 'ERROR-332'],
    ['/openapi/k/json/bikeList/6/5/', 'ERROR-334'],
    ['/openapi/k/json/bikeList/1', 'ERROR-300'],
    ['/openapi/k/json/bikeList', 'ERROR-300'],
    ['/openapi/k/json', 'ERROR-300'],
    ['/openapi//json/bikeList/1/5', 'ERROR-300'],
    ['/openapi/k/json/tbCycleStationInfo/1/5', 'ERROR-310'],
    ['/openapi/a%2Fb%3D/json/bikeList/1/5/', 'INFO-000'],
    ['/openapi/k/json/bikeList/1/5/%20', 'INFO-000'],
    ['/openapi/k/json/bikeList/1/5/ST%2D2799', 'INFO-000'],
    ['/openapi/k/json/%62ikeList/%31/5', 'INFO-000'],
    ['/openapi/k/json/bikeList/1/5/%EA%B0', 'INFO-200'],
    ['/openapi/%20/json/bikeList/1/5', 'ERROR-300'],
  ])('answers %s by %s', (path, code) => expect(codeOf(path)).toBe(code));

  it('says in XML that another type is none', () => {
    expect(readBikeListPath('/openapi/k/xls/bikeList/1/5')).toEqual({ type: 'xml', asks: 'ERROR-301' });
  });

  it('counts all that stands at open stations, whatever happened', () => {
    fc.assert(
      fc.property(pictures, (picture) => {
        const open = [...picture.stations.values()].filter(({ state }) => state === 'OPEN');
        const { row = [], list_total_count = 0 } = ask('/openapi/k/json/bikeList/1/1000', picture).rentBikeStatus ?? {};
        expect([row.length, list_total_count]).toEqual([open.length, open.length]);
        for (const { stationId, parkingBikeTotCnt } of row) {
          const here = [...picture.bikes.values()].filter(
            (bike) => bike.stationId === stationId && bike.condition !== null,
          );
          expect(parkingBikeTotCnt).toBe(String(here.length));
        }
      }),
    );
  });
});
