import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import Papa from 'papaparse';
import { plainText } from '../../../schema/csv.ts';
import { clientError, createLogger, startHttpServer, UnavailableError, type Viewer } from '../../../platform/index.ts';
import { until } from '../../../test/support/until.ts';
import type { HourView } from '../hours.ts';
import type { ReservationView } from '../projections.ts';
import { createExports, type ExportRows } from './routes.ts';

const limits = {
  HEADERS_TIMEOUT_MS: 5_000,
  BODY_TIMEOUT_MS: 5_000,
  ANSWER_TIMEOUT_MS: 5_000,
  MAX_HEADER_BYTES: 16_384,
  MAX_CONNECTIONS: 100,
};

function reservation(reserveNo: number, more: Partial<ReservationView> = {}): ReservationView {
  return {
    ...{ reserveNo, userId: `${reserveNo % 7}`, bikeId: reserveNo % 5, reserveStatus: 'RETURNED', fee: 1000 },
    ...{ reserveDateTime: '2026-11-23T09:00:00.000Z', startDateTime: '2026-11-23T09:05:00.000Z' },
    ...{ returnDateTime: '2026-11-23T09:25:00.000Z', expiresAt: null, updatedAt: '2026-11-23T09:25:00.000Z' },
    ...more,
  };
}

describe('an export', () => {
  const closed: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closed.splice(0).reverse()) await close();
  });

  /** A dashboard with so many reservations, or these. */
  async function open(
    of: number | readonly ReservationView[],
    more: Partial<ExportRows> = {},
    answerTimeoutMs = 5_000,
  ) {
    const reads: number[] = [];
    const rows: ExportRows = {
      newestReservation: async () => (typeof of === 'number' ? of : (of.at(-1)?.reserveNo ?? 0)),
      async reservationsBetween(first, last) {
        reads.push(first);
        if (typeof of !== 'number') return of.filter(({ reserveNo }) => reserveNo >= first && reserveNo <= last);
        return Array.from({ length: last - first + 1 }, (_, place) => reservation(first + place));
      },
      hours: async () => new Map(),
      ...more,
    };
    const server = await startHttpServer({
      ...{ port: 0, host: '127.0.0.1', keepAliveMs: 1_000, lingerMs: 0, drainMs: 0 },
      limits: { ...limits, ANSWER_TIMEOUT_MS: answerTimeoutMs },
      logger: createLogger('silent', 'dashboard'),
      routes: createExports({
        rows,
        isRouter: (headers) => headers['x-router-secret'] === 'right',
        async verifyToken(authorization) {
          const [role, userId = '1'] = authorization?.slice('Bearer '.length).split(' ') ?? [];
          if (role === 'broken') throw clientError('UNAUTHENTICATED', 'The token cannot be read.');
          return role === undefined ? null : ({ userId, roles: [role] } as unknown as Viewer);
        },
        clock: () => new Date('2026-11-27T08:00:05.123Z'),
      }),
      readiness: () => ({ ready: true, checks: {} }),
    });
    closed.push(() => server.close());
    const headers = { authorization: 'Bearer operator', 'x-router-secret': 'right' };
    const get = (path: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${server.port}/exports/${path}`, { headers, ...init });
    const text = async (path: string) => {
      const response = await get(path);
      return Buffer.from(await response.arrayBuffer()).toString();
    };
    return { get, text, reads, port: server.port };
  }

  const cellsOf = (csv: string) =>
    Papa.parse<string[]>(csv.replace(/^\uFEFF/, ''), { delimiter: ',', newline: '\r\n', skipEmptyLines: true }).data;

  it('is a file with every reservation, and says when it was taken and of what', async () => {
    const { get } = await open([
      reservation(1),
      reservation(2, { returnDateTime: null, refusalCode: 'OUTSTANDING_DEBT' }),
    ]);
    const response = await get('reservations.csv?status=RETURNED,IN_USE');
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="reservations-20261127T080005Z.csv"',
      'cache-control': 'no-store',
    });
    // `text()` would take the mark for none of the text.
    expect(Buffer.from(await response.arrayBuffer()).toString()).toBe(
      [
        '\uFEFFreserveNo,reserveStatus,bikeId,userId,reserveDateTime,startDateTime,returnDateTime,expiresAt,fee,refusalCode,updatedAt,exportedAt,filter',
        '1,RETURNED,1,1,2026-11-23T09:00:00.000Z,2026-11-23T09:05:00.000Z,2026-11-23T09:25:00.000Z,,1000,,2026-11-23T09:25:00.000Z,2026-11-27T08:00:05.123Z,"status=RETURNED,IN_USE"',
        '2,RETURNED,2,2,2026-11-23T09:00:00.000Z,2026-11-23T09:05:00.000Z,,,1000,OUTSTANDING_DEBT,2026-11-23T09:25:00.000Z,2026-11-27T08:00:05.123Z,"status=RETURNED,IN_USE"',
        '',
      ].join('\r\n'),
    );
    const head = await get('reservations.json', { ...{ method: 'HEAD' } });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('is JSON too, also of nothing', async () => {
    const { text } = await open(2_500);
    const file = JSON.parse(await text('reservations.json?q=7')) as { lines: { reserveNo: number }[]; filter: string };
    expect(file).toMatchObject({ exportedAt: '2026-11-27T08:00:05.123Z', filter: 'q=7' });
    expect(file.lines.map(({ reserveNo }) => reserveNo)).toEqual([7]);
    const empty = await open(0);
    expect(JSON.parse(await empty.text('reservations.json'))).toMatchObject({ lines: [] });
    expect(cellsOf(await empty.text('reservations.csv'))).toHaveLength(1);
  });

  it('has each reservation once, however many reads they take, and none that came later', async () => {
    let newest = 2_000;
    const { text } = await open(5_000, { newestReservation: async () => newest++ });
    for (const many of [2_000, 2_001]) {
      const numbers = cellsOf(await text('reservations.csv'))
        .slice(1)
        .map(([number]) => Number(number));
      expect(numbers).toEqual(Array.from({ length: many }, (_, place) => place + 1));
    }
  });

  it('keeps what riders chose as names together, and runs none of it', async () => {
    const names = fc.string({
      unit: fc.constantFrom('=', '＝', '+', '-', '@', '\t', "'", '"', ',', ';', ' ', '|', 'a', '따'),
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(names, { minLength: 1, maxLength: 5 }), async (userIds) => {
        const { text } = await open(userIds.map((userId, place) => reservation(place + 1, { userId })));
        const [csv, json] = await Promise.all([text('reservations.csv'), text('reservations.json')]);
        const cells = cellsOf(csv)
          .slice(1)
          .map((line) => line[3] ?? '');
        expect(cells.map(plainText)).toEqual(userIds);
        for (const cell of cells) expect(cell).not.toMatch(/^[=+\-@\t＝＋－＠]/);
        expect((JSON.parse(json) as { lines: { userId: string }[] }).lines.map(({ userId }) => userId)).toEqual(
          userIds,
        );
        await Promise.all(closed.splice(0).map((close) => close()));
      }),
      { numRuns: 20 },
    );
  });

  it('has what the filter of the page finds', async () => {
    const { text } = await open([
      reservation(17, { userId: 'kim', bikeId: 3 }),
      reservation(18, { userId: 'KIMCHI', bikeId: 17, reserveStatus: 'IN_USE', returnDateTime: null }),
      reservation(19, {
        userId: 'lee',
        reserveStatus: 'RESERVED',
        startDateTime: null,
        expiresAt: '2026-11-27T08:01:00.000Z',
      }),
      reservation(20, { userId: 'old', reserveDateTime: '2026-11-22T23:59:59.999Z' }),
    ]);
    const found = async (query: string) =>
      cellsOf(await text(`reservations.csv?${query}`))
        .slice(1)
        .map(([number]) => Number(number));
    expect(await found('q=kim')).toEqual([17, 18]);
    expect(await found('q=17')).toEqual([17, 18]);
    expect(await found('q=%2317+kim&status=IN_USE,EXPIRED')).toEqual([18]);
    expect(await found('expiresBefore=2026-11-27T17:02:00%2B09:00')).toEqual([19]);
    expect(await found('startedBefore=2026-11-23T09:05:00.001Z')).toEqual([18]);
    expect(await found('from=2026-11-23T00:00:00Z&to=2026-11-23T09:00:00.001Z')).toEqual([17, 18, 19]);
    expect(await found('to=2026-11-23T00:00:00Z')).toEqual([20]);
    expect(await found('')).toEqual([17, 18, 19, 20]);
  });

  it.each([
    ['reservations.csv?color=green', 400, /"color" is no parameter here; these are: status, q,/],
    [`reservations.csv?a%00%E2%80%AE${'b'.repeat(100)}`, 400, /^"a\ufffd\ufffdb{37}" is no parameter here/],
    ['reservations.csv?status=%00', 400, /^"\ufffd" is no status/],
    ['reservations.csv?status=BORROWED', 400, /"BORROWED" is no status/],
    ['reservations.csv?status=,', 400, /"" is no status/],
    ['reservations.csv?q=1&q=2', 400, /may be given once/],
    ['reservations.csv?from=yesterday', 400, /"from" is a time like/],
    ['reservations.csv?from=2026-11-23T00:00:00+09:00', 400, /%2B/],
    ['history.csv', 400, /has a "from" and a "to"/],
    ['history.csv?from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z', 400, /must be before/],
    ['history.csv?from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z&by=YEAR', 400, /HOUR or DAY/],
    ['history.csv?from=0001-01-01T00:00:00Z&to=9999-12-31T00:00:00Z', 400, /at most 100000/],
    ['reservations.xlsx', 404, /\/exports\/history.csv/],
    ['', 404, /\/exports\/history.csv/],
  ])('%s is %i', async (path, status, because) => {
    const { get } = await open(1);
    const response = await get(path);
    const { errors } = (await response.json()) as { errors: { message: string }[] };
    expect([response.status, errors[0]?.message]).toEqual([status, expect.stringMatching(because)]);
  });

  it('is for staff, by the router', async () => {
    const { get } = await open(1);
    const status = async (headers: Record<string, string>, method = 'GET') =>
      (await get('reservations.csv', { headers, method })).status;
    const right = { 'x-router-secret': 'right' };
    expect(await status({ authorization: 'Bearer operator' })).toBe(403);
    expect(await status(right)).toBe(401);
    expect(await status({ ...right, authorization: 'Bearer broken' })).toBe(401);
    expect(await status({ ...right, authorization: 'Bearer rider' })).toBe(403);
    for (const role of ['operator', 'auditor', 'admin']) {
      expect(await status({ ...right, authorization: `Bearer ${role}` })).toBe(200);
    }
    expect(await status({ ...right, authorization: 'Bearer admin' }, 'POST')).toBe(405);
  });

  it('has every hour of a range of any length, also those of which nothing is known', async () => {
    const row: HourView = {
      hour: '2026-11-23T05',
      counts: { requested: 3, riddenMs: 120_000 },
      refused: { BIKE_NOT_FOUND: 2 },
    };
    const hours = async (names: readonly string[]) => new Map(names.includes(row.hour) ? [[row.hour, row]] : []);
    const { text } = await open(0, { hours });
    const [head = [], ...lines] = cellsOf(await text('history.csv?from=2026-11-01T00:30:00Z&to=2026-11-30T00:00:00Z'));
    expect(lines).toHaveLength(29 * 24);
    expect(new Set(lines.map(([begin]) => begin)).size).toBe(29 * 24);
    expect([lines[0]?.[0], lines.at(-1)?.[0]]).toEqual(['2026-11-01T00:00:00.000Z', '2026-11-29T23:00:00.000Z']);
    const told = lines.find(([begin]) => begin === '2026-11-23T05:00:00.000Z') ?? [];
    const valueOf = (column: string) => told[head.indexOf(column)];
    expect(['requested', 'rideMinutes', 'refused', 'BIKE_NOT_FOUND', 'returned'].map(valueOf)).toEqual([
      '3',
      '2',
      '2',
      '2',
      '0',
    ]);
    const days = JSON.parse(await text('history.json?from=2026-11-01T00:00:00Z&to=2026-11-30T00:00:00Z&by=DAY')) as {
      lines: object[];
    };
    expect(days.lines).toHaveLength(30);
    expect(days.lines[22]).toMatchObject({ begin: '2026-11-22T15:00:00.000Z', requested: 3, BIKE_NOT_FOUND: 2 });
  });

  it('is read no faster than its client takes it, and no longer than there is one', async () => {
    const { port, reads, get } = await open(1_000_000);
    const socket = connect({ port, host: '127.0.0.1' });
    socket.pause();
    socket.write(
      'GET /exports/reservations.csv HTTP/1.1\r\nhost: a\r\nx-router-secret: right\r\nauthorization: Bearer admin\r\n\r\n',
    );
    let before = -1;
    await until('reading stands still', () => reads.length > 0 && before === (before = reads.length), 10_000, 200);
    // What the kernel takes between two processes of one machine, and one or two pieces.
    expect(reads.length).toBeLessThan(100);
    socket.destroy();
    const after = reads.length;
    // Its place is free again, and nobody reads on.
    await until('all may export', async () => {
      const bodies = await Promise.all(Array.from({ length: 4 }, () => get('reservations.json?q=none')));
      const all = bodies.every(({ status }) => status === 200);
      for (const { body } of bodies) await body?.cancel();
      return all;
    });
    expect(after).toBeLessThan(100);
  });

  it('is waited for while nothing matches, however long that is for a client that reads', async () => {
    const answerTimeoutMs = 600;
    const reservationsBetween = async (first: number) => {
      await delay(answerTimeoutMs / 3);
      return first === 4_001 ? [reservation(4_001)] : [];
    };
    const { text } = await open(5_000, { reservationsBetween }, answerTimeoutMs);
    const file = JSON.parse(await text('reservations.json')) as { lines: object[] };
    expect(file.lines).toHaveLength(1);
  });

  it('is one of few at once, and of fewer for one person', async () => {
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    let begun = 0;
    const newestReservation = () => {
      begun += 1;
      return held.then(() => 0);
    };
    const { get } = await open(1, { newestReservation });
    const by = (userId: string) =>
      get('reservations.csv', {
        headers: { authorization: `Bearer operator ${userId}`, 'x-router-secret': 'right' },
      });
    const refusedFor = async (userId: string) => {
      const { status, headers } = await by(userId);
      expect(headers.get('retry-after')).toBe('1');
      return status;
    };
    const kims = [by('kim'), by('kim')];
    await until('both are begun', () => begun === 2);
    expect(await refusedFor('kim')).toBe(429);
    const others = [by('lee'), by('park')];
    await until('all are begun', () => begun === 4);
    expect(await refusedFor('lee')).toBe(503);
    go();
    expect((await Promise.all([...kims, ...others])).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await by('kim')).status).toBe(200);
  });

  it('breaks off when its rows do, and is refused before it begins', async () => {
    const gone = await open(1, { newestReservation: () => Promise.reject(new UnavailableError('away')) });
    expect((await gone.get('reservations.csv')).status).toBe(503);
    let reads = 0;
    const { get } = await open(3_000, {
      reservationsBetween: async (first, last) => {
        if ((reads += 1) > 2) throw new UnavailableError('away');
        return Array.from({ length: last - first + 1 }, (_, place) => reservation(first + place));
      },
    });
    const response = await get('reservations.csv');
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });
});
