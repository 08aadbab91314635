import { describe, expect, it } from '@jest/globals';
import { catalogue, parseEvent, type EventNamed, type EventType } from '../../schema/events/index.ts';
import { sampleOf } from '../../schema/events/samples.ts';
import type { Reaction } from '../../platform/event-core/decider.ts';
import type { PointCommand } from './point.ts';
import { policies } from './policies.ts';

const sample = <Type extends EventType>(type: Type) => parseEvent(sampleOf(type)) as EventNamed<Type>;
/** As the platform sees them: any event, by its type. */
const all: Partial<Record<EventType, Record<string, (event: never) => Reaction<PointCommand> | null>>> = policies;
const reactionTo = (type: EventType) =>
  Object.entries(all[type] ?? {}).map(([name, policy]) => [name, policy(sample(type) as never)]);

const paid = sample('PointPurchaseApproved').data;
const asked = sample('ReservationRequested').data;
const returned = sample('BikeReturned').data;
const agreed = sample('ReturnSettled').data;

/** Every policy by its name, which goes into the journal as a cause: a new name would handle old events again. */
const expected: Partial<Record<EventType, [string, Reaction<PointCommand>]>> = {
  PointPurchaseApproved: [
    'increasePointsWhenPointPurchaseApproved',
    {
      stream: 'account-10',
      command: { type: 'IncreasePoints', userId: '10', confirmId: paid.confirmId, price: paid.price },
    },
  ],
  ReservationRequested: [
    'deductPointsWhenReservationRequested',
    {
      stream: 'account-10',
      command: { type: 'DeductPoints', userId: '10', reserveNo: asked.reserveNo, bikeId: asked.bikeId, fee: asked.fee },
    },
  ],
  ReservationCancelled: [
    'restorePointsWhenReservationCancelled',
    { stream: 'account-10', command: { type: 'RestorePoints', userId: '10', reserveNo: 42 } },
  ],
  ReservationExpired: [
    'restorePointsWhenReservationExpired',
    { stream: 'account-11', command: { type: 'RestorePoints', userId: '11', reserveNo: 44 } },
  ],
  BikeReturned: [
    'settleRideWhenBikeReturned',
    {
      stream: 'account-10',
      command: {
        type: 'SettleRide',
        userId: '10',
        reserveNo: returned.reserveNo,
        startedAt: returned.startedAt,
        returnedAt: returned.returnedAt,
      },
    },
  ],
  ReturnSettled: [
    'restoreOvertimeWhenReturnSettled',
    {
      stream: 'account-10',
      command: {
        type: 'RestoreOvertime',
        userId: '10',
        reserveNo: agreed.reserveNo,
        startedAt: agreed.startedAt,
        returnedAt: agreed.returnedAt,
      },
    },
  ],
};

describe('point', () => {
  it.each([...catalogue.keys()] as EventType[])('does what it should when it hears of %s', (type) => {
    const reaction = expected[type];
    expect(reactionTo(type)).toEqual(reaction ? [reaction] : []);
  });

  it('has a policy for nothing that the catalogue does not know', () => {
    expect(Object.keys(policies).filter((type) => !catalogue.has(type))).toEqual([]);
  });

  it('settles a return without a ride as one', () => {
    const event = { ...sample('BikeReturned'), data: { ...returned, startedAt: null } };
    expect(policies.BikeReturned?.['settleRideWhenBikeReturned']?.(event)?.command).toMatchObject({ startedAt: null });
  });
});
