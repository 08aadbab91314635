import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { NewEvent, WaitingEvent } from '../../schema/events/index.ts';
import { itDecides } from '../../test/support/decision-table.ts';
import { isRefusal } from '../../platform/event-core/decider.ts';
import { maxEventsPerDecision } from '../../platform/event-core/journal.ts';
import { heardBy, mostInList, placeIn, waiting, type WaitingCommand, type WaitingList } from './waiting.ts';

type NewWaitingEvent = NewEvent<WaitingEvent>;

const decider = waiting({ waitMs: 3_600_000, offerMs: 120_000 });
const at = '2026-11-23T09:00:00.000Z';
const offerEnd = '2026-11-23T09:02:00.000Z';
const waitEnd = '2026-11-23T10:00:00.000Z';
const bike = { bikeId: 17, bikeVersion: 3 };

const began = (userId: string): NewWaitingEvent => ({
  type: 'WaitingBegan',
  data: { userId, stationId: 'ST-1', at, until: waitEnd },
});
const offered = (userId: string): NewWaitingEvent => ({
  type: 'BikeOffered',
  data: { userId, ...bike, at, until: offerEnd },
});
const withdrawn = (userId: string): NewWaitingEvent => ({
  type: 'BikeOfferWithdrawn',
  data: { userId, bikeId: 17, at },
});
const ended = (userId: string): NewWaitingEvent => ({
  type: 'WaitingEnded',
  data: { userId, since: at, because: 'BY_RIDER', at },
});
const full = Array.from({ length: mostInList }, (_, index) => began(`rider-${index}`));
const situations = {
  empty: [],
  waits: [began('10')],
  'waits behind': [began('11'), began('10')],
  told: [began('10'), offered('10')],
  'told, and another waits': [began('10'), offered('10'), began('11')],
  'told in vain': [began('10'), offered('10'), withdrawn('10')],
  left: [began('10'), ended('10')],
  full,
};

const awaited = { stationId: 'ST-1' };
const tidy = { type: 'TidyList', over: [], taken: [], claiming: [] } as const;
const commands: Record<string, { command: WaitingCommand; at: string }> = {
  join: { command: { type: 'JoinList', userId: '10', awaited }, at },
  'join when the offer ends': { command: { type: 'JoinList', userId: '10', awaited }, at: offerEnd },
  'join when the wait ends': { command: { type: 'JoinList', userId: '10', awaited }, at: waitEnd },
  leave: { command: { type: 'LeaveList', userId: '10', because: 'BY_RIDER' }, at },
  'offer a bike': { command: { type: 'OfferBike', ...bike }, at },
  'offer another': { command: { type: 'OfferBike', bikeId: 18, bikeVersion: 1 }, at },
  tidy: { command: tidy, at },
  'tidy when the offer ends': { command: tidy, at: offerEnd },
  'tidy when the wait ends': { command: tidy, at: waitEnd },
  'tidy: it is taken': { command: { ...tidy, taken: [bike] }, at },
  'tidy: it was taken before': { command: { ...tidy, taken: [{ ...bike, bikeVersion: 2 }] }, at },
  'tidy: it is taken, perhaps by the rider': { command: { ...tidy, taken: [bike], claiming: ['10'] }, at },
  'tidy when the wait ends, and the rider claims': { command: { ...tidy, claiming: ['10'] }, at: waitEnd },
  'tidy: the rider has a bike': { command: { ...tidy, over: [{ userId: '10', because: 'RESERVED' }] }, at },
};

describe('a waiting list', () => {
  itDecides({
    decider,
    situations,
    commands,
    outcomes: {
      join: {
        WaitingBegan: ['empty', 'left'],
        nothing: ['waits', 'waits behind', 'told', 'told, and another waits', 'told in vain'],
        WAITING_LIST_FULL: ['full'],
      },
      'join when the offer ends': {
        WaitingBegan: ['empty', 'left'],
        nothing: ['waits', 'waits behind', 'told in vain'],
        'WaitingEnded + WaitingBegan': ['told', 'told, and another waits'],
        WAITING_LIST_FULL: ['full'],
      },
      'join when the wait ends': {
        WaitingBegan: ['empty', 'left'],
        'WaitingEnded + WaitingBegan': ['waits', 'waits behind', 'told', 'told, and another waits', 'told in vain'],
        WAITING_LIST_FULL: ['full'],
      },
      leave: {
        WaitingEnded: ['waits', 'waits behind', 'told', 'told, and another waits', 'told in vain'],
        NOT_WAITING: ['empty', 'left', 'full'],
      },
      'offer a bike': {
        BikeOffered: ['waits', 'waits behind', 'told in vain', 'full'],
        nothing: ['empty', 'told', 'told, and another waits', 'left'],
      },
      'offer another': {
        BikeOffered: ['waits', 'waits behind', 'told, and another waits', 'told in vain', 'full'],
        nothing: ['empty', 'told', 'left'],
      },
      tidy: { nothing: Object.keys(situations) as (keyof typeof situations)[] },
      'tidy when the offer ends': {
        WaitingEnded: ['told', 'told, and another waits'],
        nothing: ['empty', 'waits', 'waits behind', 'told in vain', 'left', 'full'],
      },
      'tidy when the wait ends': {
        WaitingEnded: ['waits', 'told', 'told in vain'],
        'WaitingEnded + WaitingEnded': ['waits behind', 'told, and another waits'],
        [Array.from({ length: 8 }, () => 'WaitingEnded').join(' + ')]: ['full'],
        nothing: ['empty', 'left'],
      },
      'tidy: it is taken': {
        BikeOfferWithdrawn: ['told', 'told, and another waits'],
        nothing: ['empty', 'waits', 'waits behind', 'told in vain', 'left', 'full'],
      },
      'tidy: it was taken before': { nothing: Object.keys(situations) as (keyof typeof situations)[] },
      'tidy: it is taken, perhaps by the rider': { nothing: Object.keys(situations) as (keyof typeof situations)[] },
      'tidy when the wait ends, and the rider claims': {
        WaitingEnded: ['waits behind', 'told, and another waits'],
        [Array.from({ length: 8 }, () => 'WaitingEnded').join(' + ')]: ['full'],
        nothing: ['empty', 'waits', 'told', 'told in vain', 'left'],
      },
      'tidy: the rider has a bike': {
        WaitingEnded: ['waits', 'waits behind', 'told', 'told, and another waits', 'told in vain'],
        nothing: ['empty', 'left', 'full'],
      },
    },
  });

  const userId = fc.constantFrom('10', '11', '12', '13');
  const aBike = fc.record({ bikeId: fc.integer({ min: 1, max: 3 }), bikeVersion: fc.integer({ min: 1, max: 2 }) });
  const command: fc.Arbitrary<WaitingCommand> = fc.oneof(
    fc.record({ type: fc.constant('JoinList' as const), userId, awaited: fc.constant(awaited) }),
    fc.record({ type: fc.constant('LeaveList' as const), userId, because: fc.constant('BY_RIDER' as const) }),
    fc.record({ type: fc.constant('OfferBike' as const) }).chain((type) => aBike.map((each) => ({ ...type, ...each }))),
    fc.record({
      type: fc.constant('TidyList' as const),
      over: fc.array(fc.record({ userId, because: fc.constant('RESERVED' as const) }), { maxLength: 2 }),
      taken: fc.array(aBike, { maxLength: 2 }),
      claiming: fc.array(userId, { maxLength: 1 }),
    }),
  );

  it('tells whoever came first, of a bike that nobody else was told of, whatever happens', () => {
    let offers = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(command, fc.nat(90)), { maxLength: 40, size: 'max' }), (story) => {
        let list: WaitingList = decider.initial;
        let now = Date.parse(at);
        for (const [each, seconds] of story) {
          now += seconds * 1_000;
          const decision = decider.decide(each, list, new Date(now).toISOString());
          if (isRefusal(decision)) continue;
          expect(decision.length).toBeLessThanOrEqual(maxEventsPerDecision);
          for (const event of decision) {
            const before = list;
            list = decider.evolve(list, event);
            const order = list.entries.map((entry) => entry.userId);
            expect(new Set(order).size).toBe(order.length);
            // Nobody overtakes: those who stay keep their order, and who comes stands behind them.
            const stayed = before.entries.map((entry) => entry.userId).filter((id) => order.includes(id));
            expect(order.slice(0, stayed.length)).toEqual(stayed);
            if (event.type !== 'BikeOffered') continue;
            offers += 1;
            expect(before.entries.find((entry) => !entry.offer)?.userId).toBe(event.data.userId);
            expect(before.entries.some((entry) => entry.offer?.bikeId === event.data.bikeId)).toBe(false);
          }
        }
      }),
    );
    expect(offers).toBeGreaterThan(100);
  });

  it('has each rider come later than where they came before, whatever the clocks say', () => {
    for (const [after, since] of [
      ['2026-11-23T08:59:59.999Z', at],
      [at, '2026-11-23T09:00:00.001Z'],
      ['2026-11-23T09:00:05.000Z', '2026-11-23T09:00:05.001Z'],
    ] as const) {
      expect(decider.decide({ type: 'JoinList', userId: '10', awaited, after }, decider.initial, at)).toEqual([
        { type: 'WaitingBegan', data: { userId: '10', ...awaited, at: since, until: waitEnd } },
      ]);
    }
  });

  it('is heard by those whom a change concerns', () => {
    const list: WaitingList = [began('10'), began('11')].reduce(
      (before, event) => decider.evolve(before, event),
      decider.initial,
    );
    const heard = (event: NewWaitingEvent, userId: string) =>
      heardBy({ awaited, list: decider.evolve(list, event), events: [event] }, userId);
    expect(heard(began('12'), '10')).toBeNull();
    expect(heard(began('12'), '12')).toMatchObject({ place: 3, awaited, ended: null });
    expect(heard(ended('10'), '11')).toEqual(placeIn(decider.evolve(list, ended('10')), awaited, '11'));
    expect(heard(ended('10'), '11')).toMatchObject({ place: 1, offer: null });
    expect(heard(ended('10'), '10')).toMatchObject({ place: null, ended: 'BY_RIDER', since: at, until: at });
    expect(heard(offered('10'), '10')).toMatchObject({ place: 1, offer: { bikeId: 17, until: offerEnd } });
    expect(heard(offered('10'), '99')).toBeNull();
    const again = [ended('10'), began('10')];
    const behind = again.reduce((before, event) => decider.evolve(before, event), list);
    for (const [userId, place] of [
      ['10', 2],
      ['11', 1],
    ] as const) {
      expect(heardBy({ awaited, list: behind, events: again }, userId)).toMatchObject({ place, ended: null });
    }
  });
});
