import { createECDH } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import ece from 'http_ece';
import { createPushKey } from '../../../deploy/local/development-keys.ts';
import { freePort } from '../../../deploy/local/free-port.ts';
import { createLogger } from '../../../platform/index.ts';
import { startPushService, type PushManner } from '../../../test/support/push-service.ts';
import { until } from '../../../test/support/until.ts';
import { atOncePerService, createNotifier } from './notifier.ts';
import { dueAt, occasionsOf, type Due, type Occasion, type RiderNow } from './occasions.ts';
import { areKeys, isKnownService, push } from './push-service.ts';
import { isPrivateKey, publicKeyOf } from './pushes.ts';
import type { PushSubscriptionRow } from './subscriptions.ts';
import { textOf } from './texts.ts';

const at = (time: string) => Date.parse(`2026-11-27T${time}Z`);
const iso = (ms: number) => new Date(ms).toISOString();
const rule = { holdMs: 600_000, freeMs: 3_600_000 };
const nobody: RiderNow = { live: null, waiting: null };
const live = { reserveNo: 7, bikeId: 17, reserveStatus: 'RESERVED', deadline: null, startDateTime: null } as const;
const held = (until: number): RiderNow => ({ ...nobody, live: { ...live, deadline: iso(until) } });
const riding = (since: number): RiderNow => ({
  ...nobody,
  live: { ...live, reserveStatus: 'IN_USE', startDateTime: iso(since) },
});
const offered = (until: number): RiderNow => ({
  ...nobody,
  waiting: { offer: { bikeId: 17, bikeVersion: 3, until: iso(until) } },
});

/** What the rows of reservations and lists answer of a rider. */
function isDue({ live, waiting }: RiderNow, { holdEnds, rideBegan, offerAfter }: Due): boolean {
  const within = (time: string | null | undefined, span: Due['rideBegan']) =>
    span !== undefined && typeof time === 'string' && time > span.after && time <= span.until;
  return (
    (live?.reserveStatus === 'RESERVED' && within(live.deadline, holdEnds)) ||
    (live?.reserveStatus === 'IN_USE' && within(live.startDateTime, rideBegan)) ||
    (waiting?.offer?.until ?? '') > offerAfter
  );
}

describe('a rider is told', () => {
  const moments: [string, RiderNow, number, number, Occasion['kind']][] = [
    ['that a hold ends, for two minutes before', held(at('10:00:00')), at('09:58:00'), at('10:00:00'), 'HOLD_ENDS'],
    [
      'that a ride will cost, for ten minutes',
      riding(at('09:00:00')),
      at('09:50:00'),
      at('10:00:00'),
      'OVERTIME_BEGINS',
    ],
    ['of a free bike, until the next one is', offered(at('10:00:00')), at('09:00:00'), at('10:00:00'), 'BIKE_OFFERED'],
  ];

  it.each(moments)('%s', (_what, rider, from, until, kind) => {
    const seen = (ms: number) => occasionsOf(rider, rule, iso(ms)).map((occasion) => occasion.kind);
    expect([seen(from), seen(until - 1)]).toEqual([[kind], [kind]]);
    expect(seen(until)).toEqual([]);
    if (kind !== 'BIKE_OFFERED') expect(seen(from - 1)).toEqual([]);
    const names = [from, until - 1].map((ms) => occasionsOf(rider, rule, iso(ms))[0]?.name);
    expect(names[0]).toBe(names[1]);
  });

  it('of nothing before its moment or after its end, at any time and under any rule', () => {
    const time = fc.integer({ min: at('08:00:00'), max: at('12:00:00') });
    const rider = time.chain((ms) => fc.constantFrom(held(ms), riding(ms), offered(ms), nobody));
    const length = fc.integer({ min: 0, max: 7_200_000 });
    fc.assert(
      fc.property(rider, time, length, fc.option(length, { nil: undefined }), (one, now, holdMs, freeMs) => {
        for (const { kind, until } of occasionsOf(one, { holdMs, freeMs }, iso(now))) {
          const left = Date.parse(until) - now;
          expect(left).toBeGreaterThan(0);
          if (kind === 'HOLD_ENDS') expect(left).toBeLessThanOrEqual(holdMs / 2);
          if (kind === 'OVERTIME_BEGINS') expect([left <= 600_000, freeMs === undefined]).toEqual([true, false]);
        }
      }),
    );
  });

  it('and is read of then, and at no other time', () => {
    const time = fc.integer({ min: at('08:00:00'), max: at('12:00:00') });
    // Also to the millisecond: where one begins to be told, and where no more.
    const rider = time.chain((ms) => fc.constantFrom(held(ms), riding(ms), offered(ms), nobody));
    const length = fc.constantFrom(0, 60_000, 600_000, 3_600_000);
    const offset = fc.constantFrom(0, 1, -1, 120_000, 600_000, 3_000_000, 3_000_001, 3_600_000);
    fc.assert(
      fc.property(
        rider,
        time,
        offset,
        length,
        fc.option(length, { nil: undefined }),
        (one, any, by, holdMs, freeMs) => {
          const { live, waiting } = one;
          const [of] = [live?.deadline, live?.startDateTime, waiting?.offer?.until].filter(
            (ms) => typeof ms === 'string',
          );
          for (const now of [any, ...(of === undefined ? [] : [Date.parse(of) + by, Date.parse(of) - by])]) {
            const found = occasionsOf(one, { holdMs, freeMs }, iso(now)).length > 0;
            expect(isDue(one, dueAt({ holdMs, freeMs }, iso(now)))).toBe(found);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('in two languages, with the time in Seoul', () => {
    for (const [, rider, from, , kind] of moments) {
      const [occasion] = occasionsOf(rider, rule, iso(from));
      if (!occasion) throw new Error(`No occasion: ${kind}`);
      expect(textOf(occasion, 'EN').body).toMatch(/17.*19:00/);
      expect(textOf(occasion, 'KO').body).toMatch(/17.*19:00.*[가-힣]/);
    }
  });
});

describe('an endpoint', () => {
  const services = ['push.example', '*.push.example', 'http://127.0.0.1:8080'];

  it.each([
    'https://push.example/a',
    'https://PUSH.example/',
    'https://eu.push.example/a?b',
    'https://a.b.push.example/',
    'http://127.0.0.1:8080/x',
  ])('is asked: %s', (endpoint) => {
    expect(isKnownService(endpoint, services)).toBe(true);
  });

  it.each([
    ...['http://push.example/', 'https://push.example:8443/', 'https://push.example.evil.example/'],
    ...['https://evilpush.example/', 'https://a@push.example/', 'https://push.example@10.0.0.1/', 'https://10.0.0.1/'],
    ...[
      'http://127.0.0.1:8081/',
      'https://127.0.0.1:8080/',
      'http://localhost:8080/',
      'file:///etc/passwd',
      'push.example',
    ],
    ...['https://push.example\\@10.0.0.1.nip.example/x', '', 'https://169.254.169.254/latest', 'https://[::1]/'],
  ])('is not: %j', (endpoint) => {
    const url = URL.parse(endpoint);
    // A browser reads a backslash as a slash, and so does what sends.
    const isMeant =
      url?.hostname === 'push.example' && url.protocol === 'https:' && url.username === '' && url.port === '';
    expect(isKnownService(endpoint, services)).toBe(isMeant);
    expect(isKnownService(endpoint, [])).toBe(false);
  });
});

describe('the key of a city', () => {
  it('has 32 bytes', () => {
    for (let time = 0; time < 600; time += 1) expect(isPrivateKey(createPushKey().VAPID_PRIVATE_KEY)).toBe(true);
    for (const wrong of ['', 'x', 'A'.repeat(43), 'AQ', `${'_'.repeat(42)}8`]) expect(isPrivateKey(wrong)).toBe(false);
  });
});

describe('the keys of a browser', () => {
  const p256dh = createECDH('prime256v1').generateKeys('base64url');
  const auth = 'A'.repeat(22);
  it('are a point of the curve and a secret', () => {
    expect(areKeys({ p256dh, auth })).toBe(true);
    const wrong = [
      ...[
        { p256dh: '', auth },
        { p256dh, auth: '' },
        { p256dh, auth: 'A'.repeat(23) },
        { p256dh: `${p256dh}=`, auth },
      ],
      ...[
        { p256dh: 'B'.repeat(87), auth },
        { p256dh: p256dh.slice(0, -4), auth },
        { p256dh: auth, auth: p256dh },
      ],
    ];
    for (const keys of wrong) expect(areKeys(keys)).toBe(false);
    fc.assert(fc.property(fc.string(), fc.string(), (one, other) => !areKeys({ p256dh: one, auth: other })));
  });
});

describe('a push', () => {
  const { VAPID_PRIVATE_KEY: privateKey } = createPushKey();
  const keys = { publicKey: publicKeyOf(privateKey) ?? '', privateKey, subject: 'mailto:bikes@city.example' };
  let service: Awaited<ReturnType<typeof startPushService>>;
  let now = at('09:58:00');
  let rows: PushSubscriptionRow[] = [];
  let allowed: string[] = [];
  let riders: Record<string, RiderNow> = {};
  let counted: string[] = [];
  let read: string[] = [];

  beforeAll(async () => {
    service = await startPushService();
  });
  afterAll(() => service.close());
  beforeEach(() => {
    now = at('09:58:00');
    [rows, riders, counted, read] = [[], { '10': held(at('10:00:00')) }, [], []];
    [service.pushed.length, service.asked.length] = [0, 0];
    allowed = [service.origin];
    service.behave('takes it');
  });

  const agree = (userId: string, language: 'KO' | 'EN' = 'EN', key = keys.publicKey) => {
    const row = { ...service.browser(), _id: `${rows.length}`, userId, language, at: new Date(now), told: [], key };
    rows.push({ ...row, notBefore: new Date(0) });
  };
  const subscriptions = {
    isEmpty: async () => rows.length === 0,
    async of(userIds: readonly string[]) {
      read.push(...userIds);
      return structuredClone(rows.filter(({ userId }) => userIds.includes(userId)));
    },
    async claim({ _id }: PushSubscriptionRow, name: string) {
      const row = rows.find((one) => one._id === _id);
      if (!row || row.told.includes(name)) return false;
      row.told.push(name);
      return true;
    },
    async release({ _id }: PushSubscriptionRow, name: string, notBefore: Date) {
      for (const row of rows) {
        if (row._id === _id) Object.assign(row, { told: row.told.filter((one) => one !== name), notBefore });
      }
    },
    async forget({ _id }: PushSubscriptionRow) {
      rows = rows.filter((row) => row._id !== _id);
    },
  };
  const instance = () =>
    createNotifier({
      subscriptions,
      ridersWith: async (due) => Object.keys(riders).filter((userId) => isDue(riders[userId] ?? nobody, due)),
      ridersNow: async () => (userId) => riders[userId] ?? nobody,
      ...{ holdMs: rule.holdMs, freeMs: async () => rule.freeMs },
      key: keys.publicKey,
      isKnown: (endpoint) => isKnownService(endpoint, allowed),
      push: (row, occasion) => push(keys, row, occasion, new Date(now)),
      count: (outcome) => void counted.push(outcome),
      clock: () => new Date(now),
      time: { now: () => now },
      logger: createLogger('silent', 'reservation'),
    });
  const look = (stopping?: AbortSignal) => instance().run(stopping);

  it('is read by its browser alone, and says who sent it and until when it is of use', async () => {
    agree('10');
    await look();
    expect(service.pushed).toEqual([
      {
        path: new URL(rows[0]?.endpoint ?? '').pathname,
        text: {
          ...textOf({ kind: 'HOLD_ENDS', bikeId: 17, until: iso(at('10:00:00')), name: '' }, 'EN'),
          url: '/ride',
          tag: expect.any(String),
        },
        ttl: 120,
        urgency: 'high',
        signed: { aud: service.origin, sub: keys.subject },
      },
    ]);
  });

  it('is looked for with those alone of whom there is something to tell', async () => {
    riders = { '10': held(at('10:00:00')), '11': held(at('11:00:00')), '12': nobody, '13': riding(at('09:08:00')) };
    await look();
    expect(read).toEqual([]);
    for (const userId of Object.keys(riders)) agree(userId);
    await look();
    expect(read).toEqual(['10', '13']);
    expect(counted).toEqual(['taken', 'taken']);
  });

  it('goes to a bounded number of browsers at once, and to others beside a push service that is silent', async () => {
    const other = await startPushService();
    try {
      allowed.push(other.origin);
      for (let index = 0; index < 3 * atOncePerService; index += 1) agree('10');
      const theirs = other.browser();
      agree('10');
      Object.assign(rows.at(-1) ?? {}, theirs);
      service.behave('is silent');
      await look();
      expect([service.asked.length, other.pushed.length]).toEqual([atOncePerService, 1]);
      service.behave('takes it');
      await look();
      expect(service.asked.length).toBe(3 * atOncePerService);
      expect(counted.filter((outcome) => outcome === 'lost').length).toBe(atOncePerService);
    } finally {
      await other.close();
    }
  });

  it('is none to a browser that agreed to another key: another instance has it, or nobody any more', async () => {
    agree('10', 'EN', 'another key');
    await look();
    expect([counted, rows.flatMap(({ told }) => told)]).toEqual([[], []]);
    agree('10');
    await look();
    expect(counted).toEqual(['taken']);
  });

  it('is begun no more once the service stops', async () => {
    for (let index = 0; index < 3 * atOncePerService; index += 1) agree('10');
    const stopping = new AbortController();
    const running = look(stopping.signal);
    await until('it has begun', () => service.asked.length > 0);
    stopping.abort();
    await running;
    expect(service.asked.length).toBeLessThan(3 * atOncePerService);
    expect(counted.length).toBe(service.asked.length);
    await look();
    expect(counted.length).toBe(3 * atOncePerService);
  });

  it('is kept back from a push service that is not to be asked any more', async () => {
    agree('10');
    allowed = ['push.example'];
    await look();
    expect([service.pushed, counted]).toEqual([[], []]);
    allowed = [service.origin];
    await look();
    expect(counted).toEqual(['taken']);
  });

  it('is tried again when no push service was reached', async () => {
    agree('10');
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const { endpoint } = rows[0] ?? { endpoint: '' };
    Object.assign(rows[0] ?? {}, { endpoint: `${nowhere}/away` });
    allowed.push(nowhere);
    await look();
    Object.assign(rows[0] ?? {}, { endpoint });
    await look();
    now += 10_000;
    await look();
    expect(counted).toEqual(['later', 'taken']);
  });

  it('comes once to each browser, whoever looks and however often', async () => {
    for (const userId of ['10', '10', '11']) agree(userId);
    await Promise.all([look(), look(), look()]);
    for (now = at('09:58:00'); now < at('10:10:00'); now += 30_000) await look();
    expect(new Set(service.pushed.map(({ path }) => path)).size).toBe(2);
    expect(service.pushed.length).toBe(2);
    riders['10'] = offered(now + 120_000);
    await look();
    expect(service.pushed.length).toBe(4);
  });

  it('is tried again while a push service fails, not before it asked to be, and not after the end', async () => {
    agree('10');
    service.behave('fails');
    await look();
    now += 9_000;
    await look();
    expect(service.pushed.length).toBe(1);
    now += 1_000;
    service.behave('wants a pause');
    await look();
    now += 59_000;
    await look();
    expect(service.pushed.length).toBe(2);
    now += 1_000;
    service.behave('takes it');
    await look();
    await look();
    expect(service.pushed.length).toBe(3);
    expect(counted).toEqual(['later', 'later', 'taken']);
  });

  it('is tried at once where a clock that was ahead has put it off for longer than anything may', async () => {
    for (const userId of ['10', '10']) agree(userId);
    const longestMs = 600_000;
    for (const [index, ms] of [longestMs, longestMs + 1].entries()) {
      Object.assign(rows[index] ?? {}, { notBefore: new Date(now + ms) });
    }
    await look();
    expect(rows.map(({ told }) => told.length)).toEqual([0, 1]);
  });

  it('has no end of tries once there is nothing to tell', async () => {
    agree('10');
    service.behave('fails');
    for (; now < at('10:30:00'); now += 10_000) await look();
    expect(service.pushed.length).toBe(12);
  });

  it('to a browser that is gone is the last one', async () => {
    for (const userId of ['10', '10']) agree(userId);
    service.behave('has no such browser');
    await look();
    expect([rows, counted]).toEqual([[], ['gone', 'gone']]);
  });

  it.each<PushManner>(['is silent', 'leads elsewhere', 'refuses it', 'cuts'])(
    'is not sent twice to a push service that %s',
    async (manner) => {
      agree('10');
      service.behave(manner);
      await look();
      service.behave('takes it');
      await look();
      expect([service.pushed.length, rows.length, counted]).toEqual([1, 1, ['lost']]);
      expect(service.asked).not.toContain('/elsewhere');
    },
    10_000,
  );

  const later = (seconds: number) => ({ is: 'later', afterMs: seconds * 1_000 });
  it.each([
    [200, undefined, { is: 'taken' }],
    [202, undefined, { is: 'taken' }],
    [404, undefined, { is: 'gone' }],
    [410, undefined, { is: 'gone' }],
    ...[307, 400, 401, 403, 413].map(
      (status) => [status, undefined, { is: 'lost', because: `HTTP ${status}` }] as const,
    ),
    [429, undefined, later(10)],
    [429, '60', later(60)],
    [429, '0', later(10)],
    [429, '-5', later(10)],
    [429, 'soon', later(10)],
    [429, '9'.repeat(30), later(600)],
    [429, 'Fri, 27 Nov 2026 09:59:30 GMT', later(90)],
    [503, 'Fri, 27 Nov 2026 09:59:30 GMT', later(90)],
    [503, 'Fri, 27 Nov 2026 09:00:00 GMT', later(10)],
    [503, 'Sat, 28 Nov 2026 10:00:00 GMT', later(600)],
    [507, undefined, later(10)],
  ] as const)('answered %i with Retry-After %s is %j', async (status, retryAfter, outcome) => {
    agree('10');
    const [row] = rows;
    const [occasion] = occasionsOf(held(at('10:00:00')), rule, iso(now));
    if (!row || !occasion) throw new Error('Nobody is told anything.');
    service.behave({ status, ...(retryAfter === undefined ? {} : { retryAfter }) });
    expect(await push(keys, row, occasion, new Date(now))).toEqual(outcome);
    expect(service.pushed.length).toBe(1);
  });

  // What sends shares its cipher with the push service of these tests: so that is held to what others wrote down.
  it('is decrypted here as RFC 8291 says (appendix A)', () => {
    const message =
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN';
    const privateKey = createECDH('prime256v1');
    privateKey.setPrivateKey('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94', 'base64url');
    const keysOfReceiver = { version: 'aes128gcm', privateKey, authSecret: 'BTBZMqHH6r4Tts7J_aSIgg' } as const;
    const text = ece.decrypt(Buffer.from(message, 'base64url'), keysOfReceiver).toString();
    expect(text).toBe('When I grow up, I want to be a watermelon');
  });

  it('does not wait for the end of an answer', async () => {
    agree('10');
    service.behave('never ends its answer');
    await look();
    expect(counted).toEqual(['taken']);
  });
});
