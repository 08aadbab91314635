import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { textOf } from './file-text.ts';
import { longestFile, readStations, type StationProblem } from './station-csv.ts';
import { fileProblem, lineProblem } from './station-words.ts';

const now = Date.parse('2026-11-27T00:00:00.000Z');
const read = (text: string) => readStations(text, now);
const said = (problem: StationProblem | null) => problem && lineProblem(problem, 'en');
const told = (text: string) =>
  read(text).lines.map(({ line, station, problem }) => [line, station?.number ?? said(problem)]);
const whyNot = (text: string) => {
  const { lines, problem } = read(text);
  return { lines, problem: problem && fileProblem(problem, 'en') };
};

/** As the portal publishes it since 2020: a heading of several lines, racks of LCD and QR in two columns. */
const since2020 = `"대여소
번호","보관소(대여소)명","소재지(위치)",,,,"설치시기","설치형태",,"운영방식"
,,"자치구","상세주소","위도","경도",,"LCD","QR",
,,,,,,,"거치
대수","거치
대수",
`;
const mangwon = '102,망원역 1번출구 앞,마포구,월드컵로 72,37.55564880,126.91062927,2015-09-06,15,,LCD\n';
const asOf2019 = '대여소_구,대여소ID,대여소명,대여소 주소,위도,경도,기준시작일자,거치대수\n';
const station = {
  number: 102,
  nameKo: '망원역 1번출구 앞',
  district: 'MAPO',
  address: '월드컵로 72',
  position: { latitude: 37.5556488, longitude: 126.91062927 },
  racks: 15,
  openedDate: '2015-09-05T15:00:00.000Z',
};

describe('a file of stations', () => {
  it('is read with the headings of the years', () => {
    expect(read(since2020 + mangwon)).toEqual({ lines: [{ line: 7, station, problem: null }], problem: null });
    const row = '마포구,102,102. 망원역 1번출구 앞,월드컵로 72,37.55564880,126.91062927,2015.09.06,15\n';
    expect(read(asOf2019 + row).lines).toEqual([{ line: 2, station, problem: null }]);
    const tabbed = (asOf2019 + row).replaceAll(',', '\t').replaceAll('\n', '\r\n');
    expect(read(`\uFEFF${tabbed}`).lines).toEqual([{ line: 2, station, problem: null }]);
  });

  it.each(['0x25', '3.75E+01', '37.', 'N37.5', '37,5', '37.5.1', 'Infinity'])(
    'has no position where it says %s',
    (text) => {
      const [line] = read(`${since2020}102,이름,마포구,,"${text}",126.9,,1,1,QR\n`).lines;
      expect(line?.problem).toEqual({ code: 'noPosition' });
    },
  );

  it('says first what separates its cells, as Excel writes it', () => {
    const line = '102,망원역,마포구,,37.5,126.9,,15,10,QR'.replaceAll(',', '|');
    const { lines, problem } = read(`sep=|\n${since2020.replaceAll(',', '|')}${line}\n`);
    expect({ problem, numbers: lines.map(({ station }) => station?.number) }).toEqual({
      problem: null,
      numbers: [102],
    });
  });

  it('has its racks in two columns, of which one or both say how many', () => {
    const racks = (lcd: string, qr: string) =>
      read(`${since2020}102,이름,마포구,,37.5,126.9,,${lcd},${qr},QR\n`).lines.map(
        (line) => line.station?.racks ?? said(line.problem),
      );
    expect([racks('15', ''), racks('', '10'), racks('１５', '10.0'), racks('-', '0')]).toEqual([[15], [10], [25], [0]]);
    for (const [lcd, qr] of [
      ['', ''],
      ['x', '10'],
      ['-1', '10'],
      ['1.5', ''],
      ['0x10', ''],
      ['1e3', ''],
      ['9'.repeat(10), ''],
    ] as const) {
      expect(racks(lcd, qr)).toEqual(['Its number of racks is missing, or no whole number from 0.']);
    }
  });

  it.each([
    ['2015-09-06', '2015-09-05T15:00:00.000Z'],
    ['2018.09.28', '2018-09-27T15:00:00.000Z'],
    ['20180928', '2018-09-27T15:00:00.000Z'],
    [' ２０１８－０９－２８ ', '2018-09-27T15:00:00.000Z'],
    ['', null],
  ])('has dates such as %j', (date, openedDate) => {
    const [line] = read(`${since2020}102,이름,마포구,,37.5,126.9,${date},15,,LCD\n`).lines;
    expect(line).toMatchObject({ station: { openedDate } });
  });

  it('has names without their number and without blanks around, of any width', () => {
    const name = (written: string) =>
      read(`${since2020}"102","${written}",마포,,37.5,126.9,,15,,LCD\n`).lines.map(
        (line) => line.station?.nameKo ?? said(line.problem),
      );
    const unfitName = 'Its name is missing, has more than 100 characters, or one that cannot be read.';
    expect(name('　 102.　망원역\n1번출구  앞 ')).toEqual(['망원역 1번출구 앞']);
    expect(name('망원역（１번출구）')).toEqual(['망원역（１번출구）']);
    expect(name('　')).toEqual([unfitName]);
    expect(name('가'.repeat(101))).toEqual([unfitName]);
    expect(name('망원\uFFFD 1번출구')).toEqual([unfitName]);
    expect(name('망원\u202E역')).toEqual([unfitName]);
  });

  it('has names that begin with another number than its own', () => {
    const row =
      '1583,1583. 4.19민주묘지역,강북구,,37.65,127.01,,15,,LCD\n1584,3.1 운동길,강북구,,37.65,127.01,,15,,LCD\n';
    const names = read(since2020 + row).lines.map((line) => line.station?.nameKo);
    expect(names).toEqual(['4.19민주묘지역', '3.1 운동길']);
  });

  it('has numbers as programs write them that know no empty ones', () => {
    const rows = '102.0,이름,마포구,,37.5,126.9,,15.0,,LCD\nst-00103,이름,마포구,,37.5,126.9,,15,,LCD\n';
    expect(told(since2020 + rows)).toEqual([
      [7, 102],
      [8, 103],
    ]);
    expect(told(`${since2020}102.5,이름,마포구,,37.5,126.9,,15,,LCD\n`)).toEqual([
      [7, '"102.5" is no number of a station.'],
    ]);
  });

  it('does not count racks twice where their sum stands beside them', () => {
    const heading = '대여소번호,대여소명,자치구,위도,경도,거치대수,LCD 거치대수,QR 거치대수\n';
    const racks = (rows: string) => read(heading + rows).lines.map((line) => line.station?.racks ?? said(line.problem));
    expect(racks('102,이름,마포구,37.5,126.9,25,15,10\n')).toEqual([25]);
  });

  it('has no more racks in a line than a call can say, so that it costs no other line', () => {
    const most = '999999999';
    const heading = '대여소번호,대여소명,자치구,위도,경도,LCD,QR,QR\n';
    expect(told(`${heading}102,이름,마포구,37.5,126.9,${most},${most},${most}\n`)).toEqual([
      [2, 'Its number of racks is missing, or no whole number from 0.'],
    ]);
  });

  it('says line by line what is wrong', () => {
    const rows = [
      mangwon.trim(),
      '103,이름,마포구,,0,0,,15,,LCD',
      '104,이름,마포구,,"37,55",126.91,,15,,LCD',
      '105,이름,마포구,,126.91,37.55,,15,,LCD',
      '106,이름,마포구,,35.68,139.69,,15,,LCD',
      '107,이름,고양시,,37.55,126.91,,15,,LCD',
      '108,이름,마포구,,37.55,126.91,2015-02-30,15,,LCD',
      '109,이름,마포구,,37.55,126.91,0015-09-06,15,,LCD',
      ',이름,마포구,,37.55,126.91,,15,,LCD',
      '0,이름,마포구,,37.55,126.91,,15,,LCD',
      mangwon.trim(),
      ',,,,,,,,,',
      'ST-0110,이름,마포구,,37.55,126.91,,15,,LCD',
    ];
    expect(told(since2020 + rows.join('\n'))).toEqual([
      [7, 102],
      [8, 'Its latitude or longitude is missing, 0 or no number.'],
      [9, 'Its latitude or longitude is missing, 0 or no number.'],
      [10, 'Latitude and longitude are swapped.'],
      [11, 'The position is not in Korea: latitude 33 to 39, longitude 124 to 132.'],
      [12, '"고양시" is none of the 25 districts.'],
      [13, '"2015-02-30" is no date on which a station opened.'],
      [14, '"0015-09-06" is no date on which a station opened.'],
      [15, '"" is no number of a station.'],
      [16, '"0" is no number of a station.'],
      [17, 'Line 7 has this number, too.'],
      [19, 110],
    ]);
  });

  it('in which a quote is not closed loses no line silently', () => {
    const badQuotes = 'The quotes do not match. If one is not closed, the lines behind it cannot be read either.';
    const rows = (...numbers: string[]) => numbers.map((number) => mangwon.replace('102', number)).join('');
    expect(told(since2020 + rows('101', '102') + rows('103').replace('망원', '"망원') + rows('104', '105'))).toEqual([
      [7, 101],
      [8, 102],
      [9, badQuotes],
    ]);
    expect(told(since2020 + rows('"101', '102'))).toEqual([[7, badQuotes]]);
    expect(told(since2020 + rows('101', '"102"x', '103'))).toEqual([
      [7, 101],
      [8, badQuotes],
    ]);
    expect(whyNot(`"${asOf2019}${rows('101')}`).problem).toMatch(/^Its heading names no/);
  });

  it('of no line, or none but its heading, has no station; of another kind, it says so', () => {
    for (const text of ['', '\uFEFF', '\n\n', since2020, ',,,\n']) expect(read(text).lines).toEqual([]);
    expect(whyNot('color,date\ngreen,2026-11-23\n').problem).toBe(
      'Its heading names no number, name, district, latitude, longitude, and racks.',
    );
  });

  it('of 200,000 lines is refused whole, and one of as many as are allowed is not', () => {
    const row = (number: number) => `${number},이름,마포구,,37.5,126.9,,15,,LCD\n`;
    const rows = Array.from({ length: 200_000 }, (_, index) => row(index + 1));
    expect(whyNot(since2020 + rows.join(''))).toEqual({ lines: [], problem: 'It has more than 10,000 lines.' });
    expect(read(since2020 + rows.slice(0, longestFile).join('')).lines).toHaveLength(longestFile);
  });

  it('in the encoding of Korean Excel says the same', () => {
    // "대여소번호,대여소명,자치구,위도,경도,거치대수" and a line, in CP949.
    const hex =
      'b4ebbfa9bcd2b9f8c8a32cb4ebbfa9bcd2b8ed2cc0dac4a1b1b82cc0a7b5b52cb0e6b5b52cb0c5c4a1b4ebbcf60a3130322c' +
      'b8c1bff8bfaa2cb8b6c6f7b1b82c33372e352c3132362e392c31350a';
    const text = textOf(Uint8Array.from(Buffer.from(hex, 'hex')));
    expect(read(text ?? '').lines).toMatchObject([
      { line: 2, station: { number: 102, nameKo: '망원역', district: 'MAPO' } },
    ]);
  });

  it('whatever stands in it, is read without an error', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('102', '마포구', '37.5', '126.9', '"', ''),
    );
    const rows = fc.array(fc.array(cell, { maxLength: 12 }), { maxLength: 12 });
    fc.assert(
      fc.property(rows, (cells) => {
        for (const { station: one, problem } of read(since2020 + cells.map((row) => row.join(',')).join('\n')).lines) {
          expect((one === null) === (problem !== null)).toBe(true);
        }
      }),
    );
  });
});
