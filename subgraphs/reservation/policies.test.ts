import { describe, expect, it } from '@jest/globals';
import { catalogue, parseEvent, type EventNamed, type EventType } from '../../schema/events/index.ts';
import { sampleOf } from '../../schema/events/samples.ts';
import type { Reaction } from '../../platform/event-core/decider.ts';
import type { ReservationCommand } from './reservation.ts';
import { policies } from './policies.ts';

const sample = <Type extends EventType>(type: Type) => parseEvent(sampleOf(type)) as EventNamed<Type>;
/** As the platform sees them: any event, by its type. */
const all: Partial<Record<EventType, Record<string, (event: never) => Reaction<ReservationCommand> | null>>> = policies;
const reactionTo = (type: EventType) =>
  Object.entries(all[type] ?? {}).map(([name, policy]) => [name, policy(sample(type) as never)]);

/** Every policy by its name, which goes into the journal as a cause: a new name would handle old events again. */
const expected: Partial<Record<EventType, [string, Reaction<ReservationCommand>]>> = {
  BikeRegistered: [
    'openSlotWhenBikeRegistered',
    { stream: 'bike-17', command: { type: 'OpenSlot', bikeId: 17, condition: 'IN_SERVICE' }, opens: true },
  ],
  BikeConditionChanged: [
    'changeSlotWhenBikeConditionChanged',
    { stream: 'bike-17', command: { type: 'ChangeSlot', condition: 'MAINTENANCE' } },
  ],
  PointsDeducted: [
    'confirmReservationWhenPointsDeducted',
    { stream: 'bike-17', command: { type: 'ConfirmReservation', reserveNo: 42 } },
  ],
  PointsRefused: [
    'rejectReservationWhenPointsRefused',
    {
      stream: 'bike-18',
      command: {
        type: 'RejectReservation',
        reserveNo: 43,
        code: 'NO_POINT_ACCOUNT',
        because: sample('PointsRefused').data.because,
      },
    },
  ],
};

describe('reservation', () => {
  it.each([...catalogue.keys()] as EventType[])('does what it should when it hears of %s', (type) => {
    const reaction = expected[type];
    expect(reactionTo(type)).toEqual(reaction ? [reaction] : []);
  });

  it('has a policy for nothing that the catalogue does not know', () => {
    expect(Object.keys(policies).filter((type) => !catalogue.has(type))).toEqual([]);
  });
});
