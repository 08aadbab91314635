import { describe, expect, it } from '@jest/globals';
import { bikeEvents } from '../../schema/events/bike.ts';
import { itDecides } from '../../test/support/decision-table.ts';
import type { BikeCondition, BikeEvent, FaultKind, NewEvent } from '../../schema/events/index.ts';
import { isRefusal } from '../../platform/event-core/decider.ts';
import { specificationOf } from '../../platform/event-core/specification.ts';
import { bike, mostFaults, mostFaultsOfOne, type BikeCommand } from './bike.ts';

const at = '2026-11-23T09:00:00.000Z';
const { given } = specificationOf(bike, at);

const registered: NewEvent<BikeEvent> = {
  type: 'BikeRegistered',
  data: { bikeId: 1, color: 'green', registeredDate: at, condition: 'IN_SERVICE' },
};
const register = (color: string, registeredDate: string | null = null): BikeCommand => ({
  type: 'RegisterBike',
  bikeId: 1,
  color,
  registeredDate,
});
const change = (condition: BikeCondition, reason: string | null = null): BikeCommand => ({
  type: 'ChangeBikeCondition',
  condition,
  reason,
});
const changed = (condition: BikeCondition, previousCondition: BikeCondition): NewEvent<BikeEvent> => ({
  type: 'BikeConditionChanged',
  data: { bikeId: 1, condition, previousCondition, reason: null, changedAt: at },
});
const report = (kind: FaultKind = 'BRAKES', userId = '10'): BikeCommand => ({
  type: 'ReportFault',
  ...{ userId, kind, note: 'they squeak' },
});
const after = (ms: number) => new Date(Date.parse(at) + ms).toISOString();
const reported = (kind: FaultKind = 'BRAKES', userId = '10', reportedAt = at): NewEvent<BikeEvent> => ({
  type: 'FaultReported',
  data: { bikeId: 1, userId, kind, note: 'they squeak', reportedAt },
});
const close: Extract<BikeCommand, { type: 'CloseFaults' }> = { type: 'CloseFaults', reason: 'oiled' };
const closed: NewEvent<BikeEvent> = { type: 'FaultsClosed', data: { bikeId: 1, reason: 'oiled', closedAt: at } };
const withColor = (color: string): NewEvent<BikeEvent> => ({
  type: 'BikeRegistered',
  data: { ...registered.data, color },
});

describe('a bike', () => {
  it('joins the fleet in service, now unless the operator names a day', () => {
    given().when(register('green')).then(registered);
    given()
      .when(register('green', '2015-10-15T00:00:00.000Z'))
      .then({
        type: 'BikeRegistered',
        data: { bikeId: 1, color: 'green', registeredDate: '2015-10-15T00:00:00.000Z', condition: 'IN_SERVICE' },
      });
  });

  it('has a color of 1 to 40 characters after trimming', () => {
    given().when(register('  green\n')).then(withColor('green'));
    given().when(register('a')).then(withColor('a'));
    given()
      .when(register(` ${'a'.repeat(40)} `))
      .then(withColor('a'.repeat(40)));
    given()
      .when(register('초록'.repeat(20)))
      .then(withColor('초록'.repeat(20)));
    given()
      .when(register('🚲'.repeat(40)))
      .then(withColor('🚲'.repeat(40)));
    for (const color of ['', ' \t\n ', 'a'.repeat(41), '🚲'.repeat(41)]) {
      given().when(register(color)).refused('INVALID_COLOR');
    }
  });

  it('joined the fleet in 2000 at the earliest, in Seoul, and in a year at the latest', () => {
    for (const date of ['1999-12-31T15:00:00.000Z', at, '2027-11-23T09:00:00.000Z']) {
      given()
        .when(register('green', date))
        .then({ type: 'BikeRegistered', data: { ...registered.data, registeredDate: date } });
    }
    for (const date of [
      '0001-01-01T00:00:00.000Z',
      '0026-11-23T00:00:00.000Z',
      '1999-12-31T14:59:59.999Z',
      '2027-11-25T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
    ]) {
      given().when(register('green', date)).refused('INVALID_DATE');
    }
  });

  it('says what condition it was in before, and why it changed', () => {
    given(registered)
      .when(change('MAINTENANCE', 'flat tyre'))
      .then({
        type: 'BikeConditionChanged',
        data: {
          bikeId: 1,
          condition: 'MAINTENANCE',
          previousCondition: 'IN_SERVICE',
          reason: 'flat tyre',
          changedAt: at,
        },
      });
    given(registered, changed('MAINTENANCE', 'IN_SERVICE'))
      .when(change('IN_SERVICE'))
      .then(changed('IN_SERVICE', 'MAINTENANCE'));
  });

  it('keeps its number, color and date when its condition changes', () => {
    const before = bike.evolve(bike.initial, registered);
    expect(bike.evolve(before, changed('LOST', 'IN_SERVICE'))).toEqual({ ...before, condition: 'LOST' });
  });

  it('that was never registered has no condition to change', () => {
    expect(bike.evolve(bike.initial, changed('LOST', 'IN_SERVICE'))).toEqual(bike.initial);
  });

  it('has the faults that riders report, each once per rider, until somebody has seen to them', () => {
    given(registered).when(report()).then(reported());
    given(registered, reported()).when(report()).refused('ALREADY_REPORTED');
    given(registered, reported())
      .when(report('CHAIN'))
      .then(reported('CHAIN', '10', after(1)));
    given(registered, reported())
      .when(report('BRAKES', '11'))
      .then(reported('BRAKES', '11', after(1)));
    given(registered, reported(), reported('CHAIN')).when(close).then(closed);
    given(registered, reported(), closed).when(report()).then(reported());
    given(registered, reported(), closed).when(close).refused('NO_OPEN_REPORT');
  });

  it('has so many faults at most, and one of another kind', () => {
    const many = Array.from({ length: mostFaults }, (_, index) => reported('OTHER', `${index}`));
    given(registered, ...many.slice(1))
      .when(report('OTHER', 'x'))
      .then(reported('OTHER', 'x', after(1)));
    given(registered, ...many)
      .when(report('OTHER', 'x'))
      .refused('ALREADY_REPORTED');
    given(registered, ...many)
      .when(report())
      .then(reported('BRAKES', '10', after(1)));
    given(registered, ...many, reported())
      .when(report('BRAKES', 'x'))
      .refused('ALREADY_REPORTED');
  });

  it('has few faults of one rider', () => {
    const own = (['BRAKES', 'CHAIN', 'LIGHT', 'LOCK'] as const).slice(0, mostFaultsOfOne).map((kind) => reported(kind));
    given(registered, ...own)
      .when(report('OTHER'))
      .refused('ALREADY_REPORTED');
    // This one is not reported yet: it says what stands in its way.
    const broken = [registered, ...own].reduce((state, event) => bike.evolve(state, event), bike.initial);
    expect(bike.decide(report('OTHER'), broken, at)).toMatchObject({
      because: 'The rider has reported 3 faults of the bike, and nobody has seen to them yet.',
    });
    given(registered, ...own)
      .when(report('OTHER', '11'))
      .then(reported('OTHER', '11', after(1)));
  });

  it('has each fault reported later than those before it, whatever the clocks say', () => {
    given(registered, reported('TIRE', '10', after(-1)))
      .when(report('CHAIN'))
      .then(reported('CHAIN'));
    for (const ahead of [0, 2_000]) {
      given(registered, reported('TIRE', '10', after(ahead)))
        .when(report('CHAIN'))
        .then(reported('CHAIN', '10', after(ahead + 1)));
    }
  });

  it('whose faults stand as the clocks said, as older journals have them, can be seen to', () => {
    const disordered = [registered, reported('TIRE', '10', after(5_000)), reported('CHAIN', '10', after(3_000))];
    given(...disordered)
      .when(report('LIGHT'))
      .then(reported('LIGHT', '10', after(3_001)));
    given(...disordered)
      .when({ ...close, until: after(3_000) })
      .then(closed);
    given(...disordered)
      .when({ ...close, until: after(2_999) })
      .refused('BIKE_CHANGED');
  });

  it('keeps a fault that was reported after those that were seen', () => {
    given(registered, reported())
      .when({ ...close, until: after(-1) })
      .refused('BIKE_CHANGED');
    given(registered, reported())
      .when({ ...close, until: at })
      .then(closed);
  });

  it('is broken in the workshop too, and no more when it is put back into service', () => {
    const inWorkshop = [registered, reported(), changed('MAINTENANCE', 'IN_SERVICE')];
    given(...inWorkshop)
      .when(report())
      .refused('ALREADY_REPORTED');
    given(...inWorkshop, changed('IN_SERVICE', 'MAINTENANCE'))
      .when(close)
      .refused('NO_OPEN_REPORT');
  });

  // Consumers park an event that breaks its contract: the contract must accept what the rules accept.
  it('with a color of 40 emoji is an event that its own contract takes', () => {
    const decision = bike.decide(register('🚲'.repeat(40)), bike.initial, at);
    const event = isRefusal(decision) ? undefined : decision[0];
    expect(bikeEvents.BikeRegistered.safeParse(event?.data).success).toBe(true);
  });
});

type Situation = 'unregistered' | BikeCondition | 'broken';

describe('a bike decides on', () => {
  itDecides<
    Parameters<typeof bike.evolve>[0],
    BikeCommand,
    NewEvent<BikeEvent>,
    Situation,
    | Exclude<BikeCommand['type'], 'ChangeBikeCondition'>
    | 'RegisterBike without a color'
    | 'RegisterBike in the year 1'
    | `change to ${BikeCondition}`
    | 'change from IN_SERVICE to LOST'
  >({
    decider: bike,
    situations: {
      unregistered: [],
      IN_SERVICE: [registered],
      MAINTENANCE: [registered, changed('MAINTENANCE', 'IN_SERVICE')],
      LOST: [registered, changed('LOST', 'IN_SERVICE')],
      RETIRED: [registered, changed('RETIRED', 'IN_SERVICE')],
      broken: [registered, reported()],
    },
    commands: {
      RegisterBike: { command: register('green'), at },
      'RegisterBike without a color': { command: register(' '), at },
      'RegisterBike in the year 1': { command: register('green', '0001-01-01T00:00:00.000Z'), at },
      ReportFault: { command: report(), at },
      CloseFaults: { command: close, at },
      'change to IN_SERVICE': { command: change('IN_SERVICE'), at },
      'change to MAINTENANCE': { command: change('MAINTENANCE'), at },
      'change to LOST': { command: change('LOST'), at },
      'change to RETIRED': { command: change('RETIRED'), at },
      'change from IN_SERVICE to LOST': { command: { ...change('LOST'), from: 'IN_SERVICE' } as BikeCommand, at },
    },
    outcomes: {
      RegisterBike: {
        BikeRegistered: ['unregistered'],
        nothing: ['IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED', 'broken'],
      },
      'RegisterBike without a color': {
        INVALID_COLOR: ['unregistered'],
        nothing: ['IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED', 'broken'],
      },
      'RegisterBike in the year 1': {
        INVALID_DATE: ['unregistered'],
        nothing: ['IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED', 'broken'],
      },
      ReportFault: {
        BIKE_NOT_FOUND: ['unregistered'],
        FaultReported: ['IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED'],
        ALREADY_REPORTED: ['broken'],
      },
      CloseFaults: {
        BIKE_NOT_FOUND: ['unregistered'],
        NO_OPEN_REPORT: ['IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED'],
        FaultsClosed: ['broken'],
      },
      'change to IN_SERVICE': {
        BIKE_NOT_FOUND: ['unregistered'],
        nothing: ['IN_SERVICE', 'broken'],
        BikeConditionChanged: ['MAINTENANCE', 'LOST', 'RETIRED'],
      },
      'change to MAINTENANCE': {
        BIKE_NOT_FOUND: ['unregistered'],
        nothing: ['MAINTENANCE'],
        BikeConditionChanged: ['IN_SERVICE', 'LOST', 'RETIRED', 'broken'],
      },
      'change to LOST': {
        BIKE_NOT_FOUND: ['unregistered'],
        nothing: ['LOST'],
        BikeConditionChanged: ['IN_SERVICE', 'MAINTENANCE', 'RETIRED', 'broken'],
      },
      'change to RETIRED': {
        BIKE_NOT_FOUND: ['unregistered'],
        nothing: ['RETIRED'],
        BikeConditionChanged: ['IN_SERVICE', 'MAINTENANCE', 'LOST', 'broken'],
      },
      'change from IN_SERVICE to LOST': {
        BIKE_NOT_FOUND: ['unregistered'],
        BikeConditionChanged: ['IN_SERVICE', 'broken'],
        BIKE_CHANGED: ['MAINTENANCE', 'LOST', 'RETIRED'],
      },
    },
  });
});
