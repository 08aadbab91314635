import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkInvariants, eventsNamed } from '../support/invariants.ts';
import { registerBikes, rider, type Rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

interface Figures {
  totals: { rejectedToday: number };
  series: { requested: number; refused: number; refusals: { code: string; count: number }[] }[];
  history: Figures['series'];
}

const figures = `{
  dashboard {
    totals { rejectedToday }
    series(minutes: 5) { requested refused refusals { code count } }
    history(from: "$from", to: "$to") { begin requested refused confirmed returned refusals { code count } }
  }
}`;

/** The hour before, this one and the next: a test may run past a full hour, and past midnight, so that "today" is too little. */
function askedNow(): string {
  const around = (ms: number) => new Date(Date.now() + ms).toISOString();
  return figures.replace('$from', around(-3_600_000)).replace('$to', around(3_600_000));
}

describe('demand that is not met', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem();
  }, 240_000);
  afterAll(() => system.close());

  async function look(): Promise<Figures> {
    const response = await fetch(`${system.routerUrl}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await system.token('operator', ['operator'])}`,
      },
      body: JSON.stringify({ query: askedNow() }),
    });
    const { data } = (await response.json()) as { data: { dashboard: Figures } };
    return data.dashboard;
  }

  const refusedAs = ({ series }: Pick<Figures, 'series'>, wanted: string) =>
    series
      .flatMap(({ refusals }) => refusals)
      .filter(({ code }) => code === wanted)
      .reduce((sum, { count }) => sum + count, 0);

  const refusedIn = ({ history }: Figures) => history.reduce((sum, { refused }) => sum + refused, 0);

  async function fresh(name: string, price: number): Promise<Rider> {
    const made = await rider(system, name);
    if (price > 0) expect(await made.buys(price)).toBe('APPROVED');
    return made;
  }

  it('is counted by reason, in the picture and in the metrics, and takes no number', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const holder = await fresh('holder', 2_000);
    const first = await holder.reserves(bikeId);
    expect(first.status).toBe('RESERVED');
    const late = await fresh('late', 1_000);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect((await late.reserves(bikeId)).status).toBe('BIKE_ALREADY_RESERVED');
    }
    expect((await late.reserves(987_654)).status).toBe('BIKE_NOT_FOUND');
    await holder.returns(first.reserveNo);
    expect((await late.reserves(bikeId)).reserveNo).toBe(first.reserveNo + 1);

    const requestedIn = (slots: readonly { requested: number }[]) =>
      slots.reduce((sum, { requested }) => sum + requested, 0);
    await until('the dashboard has them', async () => {
      const now = await look();
      return refusedIn(now) >= 6 && requestedIn(now.series) >= 2;
    });
    const seen = await look();
    expect([refusedIn(seen), seen.totals.rejectedToday]).toEqual([6, 0]);
    expect([refusedAs(seen, 'BIKE_ALREADY_RESERVED'), refusedAs(seen, 'BIKE_NOT_FOUND')]).toEqual([5, 1]);
    expect(requestedIn(seen.series)).toBe(2);
    const hours = { series: seen.history };
    expect([refusedAs(hours, 'BIKE_ALREADY_RESERVED'), refusedAs(hours, 'BIKE_NOT_FOUND')]).toEqual([5, 1]);
    expect(requestedIn(seen.history)).toBe(2);
    expect([2, 3]).toContain(seen.history.length);

    const port = system.services?.['reservation']?.port ?? 0;
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/ttareungi_reservations_refused_total\{code="BIKE_ALREADY_RESERVED",[^}]*\} 5/);
  });

  it('of riders who cannot pay keeps no bike from one who can', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const paying = await fresh('paying', 50_000);
    const poor = await Promise.all(
      Array.from({ length: 8 }, (_, index) => fresh(`poor-${index}`, index % 2 ? 999 : 0)),
    );
    let over = false;
    const crowd = poor.map(async (one) => {
      while (!over) await one.reserves(bikeId);
    });
    const tries: number[] = [];
    for (let round = 0; round < 15; round += 1) {
      for (let count = 1; ; count += 1) {
        const { status, reserveNo } = await paying.reserves(bikeId);
        if (status !== 'RESERVED') continue;
        tries.push(count);
        await paying.cancels(reserveNo);
        break;
      }
    }
    over = true;
    await Promise.all(crowd);
    // Each of the others may get in the way once, before it is known that they cannot pay.
    expect(tries.reduce((sum, count) => sum + count - 1, 0)).toBeLessThanOrEqual(3 * poor.length);
    // If point is too busy to answer, one of them may still get through.
    expect(tries.slice(-10).filter((count) => count === 1).length).toBeGreaterThanOrEqual(8);
  });

  it('is forgotten with the purchase: who could not pay and now can has the bike', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const saver = await fresh('saver', 999);
    const first = await saver.reserves(bikeId, 'first');
    expect(first.status).toBe('INSUFFICIENT_POINTS');
    // The claim that stood gets its first answer; a new one is refused before it is made.
    expect(await saver.reserves(bikeId, 'first')).toEqual(first);
    expect(await saver.reserves(bikeId, 'second')).toEqual({ status: 'INSUFFICIENT_POINTS', reserveNo: 0 });
    expect(await saver.buys(1)).toBe('APPROVED');
    const held = await saver.reserves(bikeId, 'second');
    expect(held.status).toBe('RESERVED');
    expect(await saver.reserves(bikeId, 'second')).toEqual(held);
  });

  it('of one rider who claims and cancels without end has a limit, whatever is cached', async () => {
    const limited = await startSystem({ env: { MAX_CLAIMS_PER_MINUTE: '3', RESERVATION_CACHE_SIZE: '0' } });
    try {
      const [bikeId = 0] = await registerBikes(limited);
      const restless = await rider(limited, 'restless');
      await restless.buys(1_000);
      for (const key of ['one', 'two', 'three']) {
        const { reserveNo, status } = await restless.reserves(bikeId, key);
        expect(status).toBe('RESERVED');
        await restless.cancels(reserveNo);
      }
      await expect(restless.reserves(bikeId, 'four')).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
      expect((await restless.reserves(bikeId, 'three')).status).toBe('CANCELLED');
    } finally {
      await limited.close();
    }
  }, 120_000);

  it('stands in few events, however much there was, and the picture is the fold of them', async () => {
    // The last counts are published within a second.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const evidence = await checkInvariants(system);
    const told = eventsNamed(evidence, 'ReservationsRefused');
    const sum = told.flatMap(({ data }) => data.refusals).reduce((all, { count }) => all + count, 0);
    const rejected = eventsNamed(evidence, 'ReservationRejected').length;
    expect(sum + rejected).toBe(refusedIn(await look()));
    expect(sum).toBeGreaterThan(told.length * 3);
  });

  it('is exported to staff and nobody else, every reservation and every hour', async () => {
    const exported = async (file: string, role?: 'operator' | 'rider') => {
      const authorization = role ? { authorization: `Bearer ${await system.token(role, [role])}` } : {};
      return fetch(`${system.routerUrl}/exports/${file}`, { headers: { ...authorization } });
    };
    const { status, ok } = await exported('reservations.csv');
    expect([status, ok, (await exported('reservations.json', 'rider')).status]).toEqual([401, false, 403]);
    const evidence = await checkInvariants(system);
    const file = (await (await exported('reservations.json', 'operator')).json()) as {
      lines: { reserveNo: number; reserveStatus: string }[];
    };
    const requested = eventsNamed(evidence, 'ReservationRequested').map(({ data }) => data.reserveNo);
    expect(file.lines.map(({ reserveNo }) => reserveNo)).toEqual(requested.toSorted((one, other) => one - other));
    expect(new Set(file.lines.map(({ reserveStatus }) => reserveStatus)).size).toBeGreaterThan(1);
    const [from, to] = [-3_600_000, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const csv = await (await exported(`history.csv?from=${from}&to=${to}`, 'operator')).text();
    const [head = '', ...hours] = csv.trim().split('\r\n');
    const column = head.split(',').indexOf('requested');
    expect(hours.reduce((sum, line) => sum + Number(line.split(',')[column]), 0)).toBe(requested.length);
  });
});
