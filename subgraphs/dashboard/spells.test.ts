import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseEvent, type DomainEvent, type EventNamed, type EventType } from '../../schema/events/index.ts';
import { sampleOf } from '../../schema/events/samples.ts';
import { applyEvent } from './fold.ts';
import { bikeNumbered, pictureOf, stationNumbered } from './open-data/testing.ts';
import { dayMs, mostSteps, stepped, type Past } from './past.ts';
import { noTotals, type BikeView, type StationView } from './projections.ts';
import { writtenFrom, type View } from './row-keys.ts';
import { createSpells, tell, type Spells, type Told } from './spells.ts';

const begin = Date.parse('2026-11-23T00:00:00.000Z');
const bikeIds = [1, 2, 3];
const stationIds = ['ST-1', 'ST-2'];

/** What happens to a bike or at a station, in three kinds of streams. */
type Happening =
  | { kind: 'condition'; condition: 'IN_SERVICE' | 'MAINTENANCE' | 'LOST' }
  | { kind: 'move' | 'return'; stationId: string | undefined }
  | { kind: 'reserve' | 'cancel' | 'start' }
  | { kind: 'racks'; racks: number }
  | { kind: 'close' };

interface Happened {
  of: number | string;
  at: number;
  what: Happening;
}

const sample = <Type extends EventType>(type: Type) => parseEvent(sampleOf(type)) as EventNamed<Type>;

function eventOf({ of, at, what }: Happened, isFirst: boolean): DomainEvent {
  const told = (type: EventType, data: object) => {
    const event = sample(type);
    return { ...event, time: new Date(at).toISOString(), data: { ...event.data, ...data } } as DomainEvent;
  };
  if (typeof of === 'string') {
    if (what.kind === 'close') return told('StationClosed', { stationId: of });
    return told(isFirst ? 'StationOpened' : 'StationChanged', { stationId: of, ...what });
  }
  const place = 'stationId' in what ? { stationId: what.stationId, position: undefined } : {};
  const types = {
    condition: isFirst ? 'BikeRegistered' : 'BikeConditionChanged',
    move: 'BikeMoved',
    return: 'BikeReturned',
    reserve: 'ReservationRequested',
    cancel: 'ReservationCancelled',
    start: 'RideStarted',
  } as const;
  return told(types[what.kind as keyof typeof types], {
    ...{ bikeId: of, ...place },
    ...(what.kind === 'condition' ? { condition: what.condition } : {}),
  });
}

const streamOf = ({ of, what }: Happened) => `${of} ${what.kind === 'condition'}`;

/** Streams in some order, each in its own. */
function shuffled(streams: readonly Happened[][], choices: readonly number[]): Happened[] {
  const left = streams.map((stream) => [...stream]);
  const order: Happened[] = [];
  for (let turn = 0; left.some((stream) => stream.length > 0); turn += 1) {
    const waiting = left.filter((stream) => stream.length > 0);
    const next = waiting[(choices[turn % choices.length] ?? 0) % waiting.length]?.shift();
    if (next) order.push(next);
  }
  return order;
}

/** The rows after events that come in this order. */
function rowsAfter(order: readonly Happened[]) {
  const rows = new Map<string, View>();
  const begun = new Set<string>();
  for (const happened of order) {
    applyEvent(eventOf(happened, !begun.has(streamOf(happened))), rows, noTotals);
    begun.add(streamOf(happened));
  }
  return rows;
}

const pictureIn = (rows: ReadonlyMap<string, View>) => {
  const { bikes, stations } = writtenFrom(rows);
  return pictureOf(bikes, stations);
};

/** What a stream says, so far: unlike before when something changed. */
function stateAfter(state: string, what: Happening): string {
  const [place = '', use = 'free'] = state.split(' ');
  switch (what.kind) {
    case 'condition':
      return what.condition;
    case 'racks':
      return String(what.racks);
    case 'close':
      return state;
    case 'move':
      return `${what.stationId ?? ''} ${use}`;
    case 'return':
      return `${what.stationId ?? ''} free`;
    case 'cancel':
      return `${place} free`;
    case 'reserve':
      return `${place} held`;
    case 'start':
      return ' held';
  }
}

/** The naive way: everything that happened, moment by moment, from the beginning. */
function naive(streams: readonly Happened[][], stationId: string, now: number): Record<keyof Spells, Told> | undefined {
  // A clock that is behind does not turn back time from what changed before it in the stream.
  const moments = streams.flatMap((stream) => {
    let latest = -Infinity;
    let state = '';
    return stream.flatMap((happened) => {
      const after = stateAfter(state, happened.what);
      if (after === state) return [];
      state = after;
      return { ...happened, at: (latest = Math.max(latest, happened.at)) };
    });
  });
  const bikes = new Map(
    bikeIds.map((id) => [id, { condition: '', stationId: undefined as string | undefined, isFree: true }]),
  );
  let racks: number | undefined;
  const spells: Spells = { empty: [], full: [] };
  for (const at of [...new Set(moments.map((moment) => moment.at))].sort((one, other) => one - other)) {
    for (const { of, what } of moments.filter((moment) => moment.at === at)) {
      if (what.kind === 'racks' && of === stationId) racks = what.racks;
      const bike = bikes.get(Number(of));
      if (!bike) continue;
      if (what.kind === 'condition') bike.condition = what.condition;
      if (what.kind === 'move') bike.stationId = what.stationId;
      if (what.kind === 'return') [bike.stationId, bike.isFree] = [what.stationId, true];
      if (what.kind === 'cancel') bike.isFree = true;
      if (what.kind === 'reserve') bike.isFree = false;
      if (what.kind === 'start') [bike.stationId, bike.isFree] = [undefined, false];
    }
    if (racks === undefined) continue;
    const here = [...bikes.values()].filter((bike) => bike.stationId === stationId && bike.condition !== '');
    const isSo = {
      empty: !here.some(({ condition, isFree }) => condition === 'IN_SERVICE' && isFree),
      full: here.length >= racks,
    };
    for (const what of ['empty', 'full'] as const) {
      const open = spells[what].find(({ to }) => to === undefined);
      if (isSo[what] && !open) spells[what].push({ from: at });
      if (!isSo[what] && open) open.to = at;
    }
  }
  if (racks === undefined) return undefined;
  const told = (of: Spells['empty']): Told => {
    const open = of.find(({ to }) => to === undefined);
    const inDay = of.map(({ from, to = now }) => [Math.max(from, now - dayMs), to] as const);
    return {
      isNow: open !== undefined,
      since: open && open.from > now - dayMs ? open.from : null,
      times: of.filter(({ from }) => from > now - dayMs).length,
      ms: inDay.reduce((sum, [from, to]) => sum + Math.max(0, to - from), 0),
    };
  };
  return { empty: told(spells.empty), full: told(spells.full) };
}

const aStation = fc.option(fc.constantFrom(...stationIds, 'ST-9'), { nil: undefined });
const aCondition = fc.constantFrom(
  'IN_SERVICE' as const,
  'IN_SERVICE' as const,
  'MAINTENANCE' as const,
  'LOST' as const,
);
/** Over some days, several at the same moment; now and then a clock is behind. */
const steps = fc.array(fc.constantFrom(0, 1, 60_000, 3_600_000, 5 * 3_600_000, 26 * 3_600_000, -60_000), {
  maxLength: 14,
});

const streamsOf = (of: number | string, kind: fc.Arbitrary<Happening>): fc.Arbitrary<Happened[]> =>
  steps.chain((waits) =>
    fc.array(kind, { minLength: waits.length, maxLength: waits.length }).map((kinds) => {
      let at = begin;
      return kinds.map((what, index) => ({ of, at: (at += waits[index] ?? 0), what }));
    }),
  );
const ofReservation: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ kind: fc.constantFrom('move' as const, 'return' as const), stationId: aStation }),
  fc.record({ kind: fc.constantFrom('reserve' as const, 'cancel' as const, 'start' as const) }),
);
const ofBike = fc.record({ kind: fc.constant('condition' as const), condition: aCondition });
const ofStation: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('racks' as const), racks: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'close' as const }) },
);
const city = fc
  .tuple(
    fc.tuple(...bikeIds.flatMap((id) => [streamsOf(id, ofBike), streamsOf(id, ofReservation)])),
    // The first thing that is said of a station is that it opens.
    fc.tuple(
      ...stationIds.map((id) => streamsOf(id, ofStation).filter(([first]) => !first || first.what.kind === 'racks')),
    ),
  )
  .map(([bikes, stations]) => [...bikes, ...stations]);

describe('the spells of a station', () => {
  it('are what the naive way finds, in whatever order streams come, and however often somebody asks', async () => {
    await fc.assert(
      fc.asyncProperty(
        city,
        fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
        fc.constantFrom(0, 1, 60_000, 7 * 3_600_000, dayMs, 3 * dayMs),
        async (streams, choices, later) => {
          const order = shuffled(streams, choices);
          const now = Math.max(begin, ...order.map(({ at }) => at)) + later;
          const picture = { ...pictureIn(new Map()), bikes: new Map<number, BikeView>(), stations: new Map() };
          const spells = createSpells();
          const asked = async () => {
            const of = await spells(picture);
            return stationIds.map((stationId) => {
              const station = picture.stations.get(stationId) as StationView | undefined;
              return station && of(station);
            });
          };
          // Asked after each part of what happens, what is found at the end is the same.
          for (const part of [0.3, 0.6, 1]) {
            const { bikes, stations } = pictureIn(rowsAfter(order.slice(0, Math.ceil(order.length * part))));
            for (const [id, bike] of bikes) picture.bikes.set(id, bike);
            for (const [id, station] of stations) picture.stations.set(id, station);
            picture.version += 1;
            await asked();
          }
          const found = (await asked()).map((of) => of && { empty: tell(of.empty, now), full: tell(of.full, now) });
          expect(found).toEqual(stationIds.map((stationId) => naive(streams, stationId, now)));
          // What a table counts now is what the last spell says.
          for (const [place, stationId] of stationIds.entries()) {
            const here = [...picture.bikes.values()].filter((bike) => bike.stationId === stationId);
            const isEmpty = !here.some(({ condition, use }) => condition === 'IN_SERVICE' && use === 'free');
            expect(found[place]?.empty.isNow ?? isEmpty).toBe(isEmpty);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('a rebuild makes the same rows, in whatever order it reads the journals', () => {
    fc.assert(
      fc.property(city, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }), (streams, choices) => {
        const inTurn = writtenFrom(rowsAfter(streams.flat()));
        const mixed = writtenFrom(rowsAfter(shuffled(streams, choices)));
        const past = (bikes: readonly BikeView[]) =>
          [...bikes]
            .sort((one, other) => one.bikeId - other.bikeId)
            .map(({ bikeId, stands, conditions }) => ({ bikeId, stands, conditions }));
        expect(past(mixed.bikes)).toEqual(past(inTurn.bikes));
        expect(mixed.stations.map(({ sizes }) => sizes)).toEqual(
          mixed.stations.map(({ stationId }) => inTurn.stations.find((one) => one.stationId === stationId)?.sizes),
        );
      }),
    );
  });

  it('begin from a row of older code with what it says, and follow one that older code changed', async () => {
    const hour = 3_600_000;
    const now = begin + 10 * hour;
    const since = new Date(begin + 3 * hour).toISOString();
    const old = bikeNumbered(1, { stationId: 'ST-1', since });
    const stale = bikeNumbered(2, {
      ...{ stationId: 'ST-2', since, conditions: [{ at: 0, condition: 'IN_SERVICE' }] },
      stands: [{ at: begin, stationId: 'ST-1', isFree: true }],
    });
    const stations = [1, 2].map((number) => stationNumbered(number));
    const of = await createSpells()(pictureOf([old, stale], stations));
    const [first, second] = stations.map((station) => tell(of(station).empty, now));
    expect(first).toEqual({ isNow: false, since: null, times: 0, ms: 0 });
    expect(second).toMatchObject({ isNow: false, times: 0, ms: 17 * hour });
  });

  it('are found again after a look that failed', async () => {
    const spells = createSpells();
    const station = stationNumbered(1);
    const bike = bikeNumbered(1, { stationId: 'ST-1' });
    const broken = pictureOf([bike, { ...bikeNumbered(2, {}), stands: [null] } as unknown as BikeView], [station]);
    await expect(spells(broken)).rejects.toThrow(TypeError);
    await expect(spells(broken)).rejects.toThrow(TypeError);
    (broken.bikes as Map<number, BikeView>).delete(2);
    expect(tell((await spells(broken))(station).empty, begin).isNow).toBe(false);
    expect(tell((await spells(pictureOf([], [station])))(station).empty, begin).isNow).toBe(true);
  });

  it('are forgotten with the picture that other rows have replaced', async () => {
    const spells = createSpells();
    const station = stationNumbered(1);
    const before = (await spells(pictureOf([bikeNumbered(1, { stationId: 'ST-1' })], [station])))(station);
    expect(tell(before.empty, begin).isNow).toBe(false);
    const after = (await spells(pictureOf([], [station])))(station);
    expect(tell(after.empty, begin).isNow).toBe(true);
  });
});

describe('a past', () => {
  it('has a day at most, what was at its beginning, and no more steps than a bike makes', () => {
    let past: Past<{ isFree: boolean }> = [];
    for (let hour = 0; hour <= 100; hour += 1)
      past = stepped(past, begin + hour * 3_600_000, { isFree: hour % 2 === 0 });
    expect(past.map(({ at }) => (at - begin) / 3_600_000)).toEqual(
      Array.from({ length: 25 }, (_, index) => 76 + index),
    );
    for (let step = 0; step <= 200; step += 1)
      past = stepped(past, begin + 101 * 3_600_000 + step, { isFree: step % 2 === 0 });
    expect(past).toHaveLength(mostSteps);
  });

  it('goes on in the order of the events, also where the clock of one was behind', () => {
    const past = stepped(stepped([], begin, { racks: 3 }), begin - 5_000, { racks: 4 });
    expect(past).toEqual([
      { at: begin, racks: 3 },
      { at: begin, racks: 4 },
    ]);
  });

  it('stays the same while nothing changes', () => {
    const past = stepped([], begin, { racks: 3 });
    expect(stepped(past, begin + 3 * dayMs, { racks: 3 })).toBe(past);
  });
});
