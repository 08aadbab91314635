import { beforeEach, describe, expect, it } from '@jest/globals';
import { parserOf, streams } from '../../schema/events/index.ts';
import { rowVersion, UnavailableError, type RequestContext } from '../../platform/index.ts';
import { createCommandHandler } from '../../platform/event-core/command-handler.ts';
import { withRefusals } from './demand.ts';
import { createOffers, type OffersOptions } from './offers.ts';
import type { Place } from './place.ts';
import { latestIn, placeOf, reservation, type ReservationCommand } from './reservation.ts';
import type { StationState } from './stations.ts';
import { stopWaiting, waitForBike, type WaitingDependencies } from './wait-for-bike.ts';
import { waiting } from './waiting.ts';
import { listIn, withWaiting, type AnyDocument, type ListRow, type SlotDocument } from './waiting-lists.ts';

const rules = waiting({ waitMs: 3_600_000, offerMs: 120_000 });

/** Journal and rows in memory; every look shows what was decided. */
function createStage() {
  const stored: AnyDocument[] = [];
  let now = Date.parse('2026-11-27T00:00:00.000Z');
  let states: Record<string, StationState> | null = { 'ST-1': 'OPEN' };
  let causes = 0;
  const heads = () => [...new Map(stored.map((document) => [document.stream, document])).values()];
  const journal = {
    head: async (stream: string) => stored.findLast((document) => document.stream === stream) ?? null,
    byCause: async (cause: string) => stored.find((document) => document.cause === cause) ?? null,
    async append(document: AnyDocument) {
      if (stored.some(({ _id, cause }) => _id === document._id || cause === document.cause)) return false;
      stored.push(document);
      return true;
    },
  };
  const handler = () =>
    createCommandHandler({
      service: 'reservation',
      decider: withWaiting(withRefusals(reservation({ fee: 1_000, holdMs: 600_000, sagaMs: 30_000 })), rules),
      journal,
      decided: async () => undefined,
      parse: parserOf('reservation'),
      clock: () => new Date(now),
      maxConflicts: 3,
      conflictDelayMs: 1,
      headCacheSize: 100,
    });
  const commands = handler();
  const all = { ...commands, journal };
  const slots = () => heads().filter(({ stream }) => stream.startsWith('bike-')) as unknown as SlotDocument[];
  const shown = () =>
    slots().flatMap((document) => {
      const { state } = document;
      if (state.status === 'unknown') return [];
      const isAvailable = state.status === 'free' && state.condition === 'IN_SERVICE';
      return [{ _id: state.bikeId, version: rowVersion(document), isAvailable, ...state, ...placeOf(state) }];
    });
  const rows = {
    all: (): ListRow[] =>
      heads().flatMap((document) => {
        const list = listIn(document);
        if (!list) return [];
        const { stream, state } = list;
        const entries = [...state.entries];
        return [{ _id: stream, list: stream, version: rowVersion(list), isOpen: entries.length > 0, entries }];
      }),
    open: async (after: string) => rows.all().filter(({ isOpen, list }) => isOpen && list > after),
    of: async (ids: readonly string[]) =>
      rows.all().filter(({ entries }) => entries.some(({ userId }) => ids.includes(userId))),
  };
  const stations = {
    async statesOf() {
      if (!states) throw new UnavailableError('station');
      const known = states;
      return (stationId: string) => known[stationId] ?? ('unknown' as const);
    },
  };
  const store = {
    slotsByIds: async (ids: readonly number[]) =>
      new Map(shown().flatMap((row) => (ids.includes(row._id) ? [[row._id, row] as const] : []))),
    availableFor: async (ids: readonly number[], stationIds: readonly string[]) =>
      shown()
        .filter((row) => row.isAvailable && (ids.includes(row._id) || stationIds.includes(row.stationId ?? '')))
        .map(({ _id: bikeId, stationId }) => ({ bikeId, ...(stationId !== undefined && { stationId }) })),
    liveByUserIds: async (ids: readonly string[]) =>
      new Map(
        slots().flatMap(({ state }) => {
          const held = state.status === 'held' ? latestIn(state) : null;
          return held && ids.includes(held.userId) ? [[held.userId, held] as const] : [];
        }),
      ),
  };
  const claims = { begin: () => () => undefined };
  const dependencies = { lists: all, slots: all, rows, stations, store, claims } as unknown as WaitingDependencies;
  const offers = createOffers({ ...dependencies, rules, clock: () => new Date(now) } as unknown as OffersOptions);
  const command = (bikeId: number, given: ReservationCommand) => {
    causes += 1;
    return commands.handle(streams.bike(bikeId), given, { cause: `${causes}`, correlationId: 'c', causationId: 'c' });
  };
  const context = (userId: string) =>
    ({
      viewer: { userId, roles: ['rider'] },
      correlationId: 'c',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      saw: () => undefined,
    }) as unknown as RequestContext;
  return {
    stored,
    offers,
    dependencies,
    context,
    command,
    pass: (ms: number) => void (now += ms),
    stationsAre: (given: typeof states) => void (states = given),
    async opens(bikeId: number, place: Place = {}) {
      await command(bikeId, { type: 'OpenSlot', bikeId, condition: 'IN_SERVICE' });
      await command(bikeId, { type: 'MoveBike', place, reason: null });
    },
    reserves: (userId: string, bikeId: number) =>
      command(bikeId, { type: 'RequestReservation', reserveNo: bikeId, userId }),
    confirms: (bikeId: number) => command(bikeId, { type: 'ConfirmReservation', reserveNo: bikeId }),
    async waits(
      userId: string,
      which: { bikeId: number } | { stationId: string },
      idempotencyKey: string | null = null,
    ) {
      // Later than all others.
      now += 1;
      const { waiting: place, refusal } = await waitForBike(
        dependencies,
        { ...which, idempotencyKey },
        context(userId),
      );
      return refusal?.code ?? place?.place;
    },
    /** In every list, who waits, and of which bike they were told. */
    lists: () =>
      Object.fromEntries(
        rows
          .all()
          .filter(({ isOpen }) => isOpen)
          .map(({ _id, entries }) => [_id, entries.map(({ userId, offer }) => [userId, offer?.bikeId ?? null])]),
      ),
  };
}

let stage: ReturnType<typeof createStage>;
const look = async (times = 3) => {
  for (let time = 0; time < times; time += 1) await stage.offers.run();
  return stage.lists();
};
beforeEach(async () => {
  stage = createStage();
  await stage.opens(1, { stationId: 'ST-1' });
  await stage.opens(2, { stationId: 'ST-1' });
  await stage.reserves('holder-1', 1);
  await stage.reserves('holder-2', 2);
});
const cancel = (bikeId: number) =>
  stage.command(bikeId, { type: 'CancelReservation', reserveNo: bikeId, because: 'BY_RIDER' });

describe('whoever waits', () => {
  it('is told of a bike that was given back, and the next one once the first did not reserve', async () => {
    for (const userId of ['10', '11', '12']) await stage.waits(userId, { stationId: 'ST-1' });
    expect(await look()).toEqual({
      'waiting-ST-1': [
        ['10', null],
        ['11', null],
        ['12', null],
      ],
    });
    await cancel(1);
    expect(await look()).toEqual({
      'waiting-ST-1': [
        ['10', 1],
        ['11', null],
        ['12', null],
      ],
    });
    stage.pass(119_000);
    expect(await look()).toEqual({
      'waiting-ST-1': [
        ['10', 1],
        ['11', null],
        ['12', null],
      ],
    });
    stage.pass(1_000);
    expect(await look()).toEqual({
      'waiting-ST-1': [
        ['11', 1],
        ['12', null],
      ],
    });
    await cancel(2);
    expect(await look()).toEqual({
      'waiting-ST-1': [
        ['11', 1],
        ['12', 2],
      ],
    });
    await stage.reserves('11', 1);
    await stage.confirms(1);
    expect(await look()).toEqual({ 'waiting-ST-1': [['12', 2]] });
  });

  it('is told of a bike whose reservation expired', async () => {
    await stage.command(1, { type: 'ConfirmReservation', reserveNo: 1 });
    await stage.waits('10', { stationId: 'ST-1' });
    const expires = () => stage.command(1, { type: 'ExpireReservation', reserveNo: 1 });
    await expires();
    expect(await look()).toEqual({ 'waiting-ST-1': [['10', null]] });
    stage.pass(600_000);
    await expires();
    expect(await look()).toEqual({ 'waiting-ST-1': [['10', 1]] });
  });

  it('is told of a bike a hundred times at most, however often somebody comes and goes', async () => {
    await cancel(1);
    let told = 0;
    for (let time = 0; time < 120; time += 1) {
      await stage.waits('10', { bikeId: 1 });
      if ((await look(1))['waiting-bike-1']?.some(([, bikeId]) => bikeId === 1)) told += 1;
      await stopWaiting(stage.dependencies, {}, stage.context('10'));
    }
    expect(told).toBe(100);
    await stage.waits('11', { bikeId: 1 });
    expect(await look()).toEqual({ 'waiting-bike-1': [['11', null]] });
    // Once the bike has moved on there is something new to tell.
    await stage.reserves('quick', 1);
    await cancel(1);
    expect(await look()).toEqual({ 'waiting-bike-1': [['11', 1]] });
  });

  it('is the first again where somebody else took the bike', async () => {
    for (const userId of ['10', '11']) await stage.waits(userId, { bikeId: 1 });
    await cancel(1);
    expect(await look()).toEqual({
      'waiting-bike-1': [
        ['10', 1],
        ['11', null],
      ],
    });
    await stage.reserves('quick', 1);
    expect(await look()).toEqual({
      'waiting-bike-1': [
        ['10', null],
        ['11', null],
      ],
    });
    await cancel(1);
    expect(await look()).toEqual({
      'waiting-bike-1': [
        ['10', 1],
        ['11', null],
      ],
    });
  });

  it('is told of a bike that comes to the station, or back into service', async () => {
    await stage.opens(3);
    await stage.command(3, { type: 'ChangeSlot', condition: 'MAINTENANCE' });
    await stage.waits('10', { bikeId: 3 });
    await stage.waits('11', { stationId: 'ST-1' });
    expect(await look()).toEqual({ 'waiting-bike-3': [['10', null]], 'waiting-ST-1': [['11', null]] });
    await stage.command(3, { type: 'ChangeSlot', condition: 'IN_SERVICE' });
    expect(await look()).toEqual({ 'waiting-bike-3': [['10', 3]], 'waiting-ST-1': [['11', null]] });
    await stage.opens(4);
    await stage.command(4, { type: 'MoveBike', place: { stationId: 'ST-1' }, reason: null });
    expect(await look()).toEqual({ 'waiting-bike-3': [['10', 3]], 'waiting-ST-1': [['11', 4]] });
  });

  it('is told of a bike of which nobody in another list is told', async () => {
    await stage.waits('10', { bikeId: 1 });
    await stage.waits('11', { stationId: 'ST-1' });
    await cancel(1);
    const told = Object.values(await look())
      .flat()
      .filter(([, bikeId]) => bikeId !== null);
    expect(told).toHaveLength(1);
    stage.pass(120_000);
    const next = Object.values(await look()).flat();
    expect(next).toHaveLength(1);
    expect(next[0]?.[1]).toBe(1);
    expect(next[0]?.[0]).not.toBe(told[0]?.[0]);
  });

  it('is refused, whatever list there is, with a key that another mutation used', async () => {
    const body = { mutation: 'reserveBike', bikeId: 1 };
    const origin = { cause: 'key:10:k', correlationId: 'c', causationId: 'c', body };
    const request = { type: 'RequestReservation' as const, reserveNo: 3, userId: '10' };
    await stage.opens(3);
    await stage.dependencies.slots.handle('bike-3', request, origin);
    await stage.command(3, { type: 'CancelReservation', reserveNo: 3, because: 'BY_RIDER' });
    expect(await stage.waits('10', { bikeId: 2 }, 'k')).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await stage.waits('10', { stationId: 'ST-1' }, 'k')).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('is in one list, the last', async () => {
    await stage.waits('10', { bikeId: 1 });
    await stage.waits('10', { stationId: 'ST-1' });
    expect(stage.lists()).toEqual({ 'waiting-ST-1': [['10', null]] });
    // As a process that died in between left it.
    const origin = { cause: 'crash', correlationId: 'c', causationId: 'c' };
    stage.pass(1);
    const join = { type: 'JoinList' as const, userId: '10', awaited: { bikeId: 2 } };
    await stage.dependencies.lists.handle('waiting-bike-2', join, origin);
    expect(Object.keys(stage.lists())).toHaveLength(2);
    expect(await look()).toEqual({ 'waiting-bike-2': [['10', null]] });
  });

  it('is in the list that they asked for last, whatever the clocks say', async () => {
    await stage.waits('10', { bikeId: 1 });
    // Another instance, whose clock is behind.
    stage.pass(-5_000);
    expect(await stage.waits('10', { stationId: 'ST-1' })).toBe(1);
    expect(stage.lists()).toEqual({ 'waiting-ST-1': [['10', null]] });
    stage.pass(-5_000);
    expect(await stage.waits('10', { bikeId: 2 })).toBe(1);
    expect(await look()).toEqual({ 'waiting-bike-2': [['10', null]] });
  });

  it('waits no longer once they have a reservation, wherever they got it', async () => {
    await stage.waits('10', { bikeId: 1 });
    await stage.opens(3);
    await stage.reserves('10', 3);
    await stage.confirms(3);
    expect(await look()).toEqual({});
    expect(await stage.waits('10', { bikeId: 1 })).toBe('RIDER_HAS_LIVE_RESERVATION');
  });

  it('keeps place and offer while point has not decided on their claim', async () => {
    for (const userId of ['10', '11']) await stage.waits(userId, { stationId: 'ST-1' });
    await cancel(1);
    await look();
    await stage.reserves('10', 1);
    const asBefore = {
      'waiting-ST-1': [
        ['10', 1],
        ['11', null],
      ],
    };
    expect(await look()).toEqual(asBefore);
    // Longer than the offer lasts.
    stage.pass(121_000);
    expect(await look()).toEqual(asBefore);
    await stage.command(1, { type: 'RejectReservation', reserveNo: 1, code: 'INSUFFICIENT_POINTS', because: 'poor' });
    expect(await look()).toEqual(asBefore);
  });

  it('is told of no bike while point has not decided on their claim, nor are those behind them', async () => {
    await stage.opens(3);
    for (const userId of ['10', '11', '12']) await stage.waits(userId, { stationId: 'ST-1' });
    await stage.reserves('11', 3);
    await cancel(1);
    await cancel(2);
    expect(await look()).toEqual({
      'waiting-ST-1': [
        ['10', 1],
        ['11', null],
        ['12', null],
      ],
    });
    await stage.confirms(3);
    expect(await look()).toEqual({
      'waiting-ST-1': [
        ['10', 1],
        ['12', 2],
      ],
    });
  });

  it.each(['LOST', 'RETIRED'] as const)('for a bike that is %s waits no longer', async (condition) => {
    await stage.waits('10', { bikeId: 1 });
    await stage.command(1, { type: 'ChangeSlot', condition });
    expect(await look()).toEqual({});
    expect(await stage.waits('10', { bikeId: 1 })).toBe('BIKE_NOT_IN_SERVICE');
  });

  it('at a station that closes waits no longer; one that is silent has not closed', async () => {
    await stage.waits('10', { stationId: 'ST-1' });
    stage.stationsAre(null);
    expect(await look()).toEqual({ 'waiting-ST-1': [['10', null]] });
    expect(await stage.waits('11', { stationId: 'ST-1' })).toBe(2);
    stage.stationsAre({ 'ST-1': 'CLOSED' });
    expect(await look()).toEqual({});
    expect(await stage.waits('10', { stationId: 'ST-1' })).toBe('STATION_CLOSED');
    for (const stationId of ['ST-2', 'nonsense']) {
      expect(await stage.waits('10', { stationId })).toBe('STATION_NOT_FOUND');
    }
    expect(await stage.waits('10', { bikeId: 99 })).toBe('BIKE_NOT_FOUND');
  });

  it('waits anew where their wait had run out, or their turn, and nobody had looked yet', async () => {
    for (const userId of ['10', '11']) await stage.waits(userId, { stationId: 'ST-1' });
    stage.pass(3_600_000);
    expect(await stage.waits('10', { stationId: 'ST-1' })).toBe(2);
    expect(await look()).toEqual({ 'waiting-ST-1': [['10', null]] });
    await cancel(1);
    await stage.waits('12', { stationId: 'ST-1' });
    await look();
    stage.pass(120_000);
    expect(await stage.waits('10', { stationId: 'ST-1' })).toBe(2);
    expect(await look()).toEqual({
      'waiting-ST-1': [
        ['12', 1],
        ['10', null],
      ],
    });
  });

  it('leaves every list, though the process dies on the way and they ask again with the same key', async () => {
    const { lists } = stage.dependencies;
    for (const [bikeId, cause] of [1, 2].entries()) {
      const origin = { cause: `crash-${cause}`, correlationId: 'c', causationId: 'c' };
      const join = { type: 'JoinList' as const, userId: '10', awaited: { bikeId: bikeId + 1 } };
      await lists.handle(`waiting-bike-${bikeId + 1}`, join, origin);
    }
    let calls = 0;
    const dying: WaitingDependencies['lists'] = {
      ...lists,
      handle: (...given: Parameters<typeof lists.handle>) => {
        calls += 1;
        return calls === 1 ? lists.handle(...given) : Promise.reject(new Error('died'));
      },
    };
    const stop = (of: typeof lists) =>
      stopWaiting({ ...stage.dependencies, lists: of }, { idempotencyKey: 's' }, stage.context('10'));
    await expect(stop(dying)).rejects.toThrow('died');
    expect(Object.keys(stage.lists())).toHaveLength(1);
    expect(await stop(lists)).toEqual({ refusal: null });
    expect(stage.lists()).toEqual({});
    // Whoever waits again by then stays there.
    await stage.waits('10', { bikeId: 1 });
    expect(await stop(lists)).toEqual({ refusal: null });
    expect(stage.lists()).toEqual({ 'waiting-bike-1': [['10', null]] });
  });

  it('gives it up once, and gets the first answer again', async () => {
    expect(await stage.waits('10', { bikeId: 1 }, 'k')).toBe(1);
    const stop = async (idempotencyKey: string) =>
      (await stopWaiting(stage.dependencies, { idempotencyKey }, stage.context('10'))).refusal?.code ?? 'stopped';
    expect(await stop('s')).toBe('stopped');
    const decided = stage.stored.length;
    expect(await stage.waits('10', { bikeId: 1 }, 'k')).toBe(1);
    expect(await stop('s')).toBe('stopped');
    expect(await stop('t')).toBe('NOT_WAITING');
    expect(stage.stored).toHaveLength(decided);
    expect(stage.lists()).toEqual({});
  });
});

it('a look at lists in which nothing changes decides nothing', async () => {
  await stage.waits('10', { stationId: 'ST-1' });
  await cancel(1);
  await look();
  const decided = stage.stored.length;
  await look(5);
  expect(stage.stored).toHaveLength(decided);
});
