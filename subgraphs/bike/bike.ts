import type { BikeCondition, BikeEvent, EventNamed, FaultKind, NewEvent } from '../../schema/events/index.ts';
import { refuse, type Decider } from '../../platform/event-core/decider.ts';

/** A bike as it was registered, in its present condition. */
export type RegisteredBike = EventNamed<'BikeRegistered'>['data'];

/** What a rider says is broken. */
export type Fault = Omit<EventNamed<'FaultReported'>['data'], 'bikeId'>;

/** `faults`: those that nobody has seen to, in the order of their reports; missing where there are none. */
export type Bike = { status: 'unregistered' } | ({ status: 'registered'; faults?: readonly Fault[] } & RegisteredBike);

/** What an operator says of a bike that joins the fleet. */
export interface NewBike {
  color: string;
  /** Now, if null. */
  registeredDate: string | null;
}

export type BikeCommand =
  | ({ type: 'RegisterBike'; bikeId: number } & NewBike)
  /** Only from one condition, if that is said. */
  | { type: 'ChangeBikeCondition'; condition: BikeCondition; reason: string | null; from?: BikeCondition }
  | { type: 'ReportFault'; userId: string; kind: FaultKind; note: string | null }
  /** `until`: none that was reported later, which who closes them has not seen. */
  | { type: 'CloseFaults'; reason: string | null; until?: string };

export type BikeRefusal =
  'INVALID_COLOR' | 'INVALID_DATE' | 'BIKE_NOT_FOUND' | 'BIKE_CHANGED' | 'ALREADY_REPORTED' | 'NO_OPEN_REPORT';

export const longestColor = 40;

/** Each decision on a bike carries its open faults. From so many on only kinds are taken that are not among them, … */
export const mostFaults = 20;
/** … and of one rider so many at once: few riders cannot hide what others would say. */
export const mostFaultsOfOne = 3;

/** No bike of the city is older: an earlier date is a slip, such as a year of two digits. */
const earliestDate = '2000-01-01T00:00:00.000+09:00';
/** Operators enter bikes ahead of their delivery, but not by more than a year. */
const aheadMs = 366 * 24 * 60 * 60_000;

/** Why a bike cannot join the fleet; null when it can. Also checked before it gets a number. */
export function whyNot({ color, registeredDate }: NewBike, at: string) {
  const length = Array.from(color.trim()).length;
  if (length === 0 || length > longestColor) {
    return refuse('INVALID_COLOR', `A color has 1 to ${longestColor} characters.`);
  }
  const joined = Date.parse(registeredDate ?? at);
  if (joined >= Date.parse(earliestDate) && joined <= Date.parse(at) + aheadMs) return null;
  return refuse('INVALID_DATE', 'A bike joined the fleet in 2000 at the earliest, and in a year at the latest.');
}

export const bike: Decider<Bike, BikeCommand, NewEvent<BikeEvent>, BikeRefusal> = {
  initial: { status: 'unregistered' },

  decide(command, state, at) {
    switch (command.type) {
      case 'RegisterBike': {
        if (state.status === 'registered') return [];
        const refusal = whyNot(command, at);
        if (refusal) return refusal;
        const { type: _type, ...said } = command;
        const registeredDate = said.registeredDate ?? at;
        const data = { ...said, color: said.color.trim(), registeredDate, condition: 'IN_SERVICE' as const };
        return [{ type: 'BikeRegistered', data }];
      }
      case 'ChangeBikeCondition': {
        if (state.status === 'unregistered') return refuse('BIKE_NOT_FOUND', 'No bike has this number.');
        // First: what somebody else made so is not what this command did, and must not be taken back for it.
        if (command.from !== undefined && state.condition !== command.from) {
          return refuse('BIKE_CHANGED', `The bike is ${state.condition} now.`);
        }
        if (state.condition === command.condition) return [];
        const { bikeId, condition: previousCondition } = state;
        const { condition, reason } = command;
        return [
          { type: 'BikeConditionChanged', data: { bikeId, condition, previousCondition, reason, changedAt: at } },
        ];
      }
      case 'ReportFault': {
        if (state.status === 'unregistered') return refuse('BIKE_NOT_FOUND', 'No bike has this number.');
        const { userId, kind, note } = command;
        const open = state.faults ?? [];
        const own = open.filter((fault) => fault.userId === userId);
        const among = open.length < mostFaults ? own : open;
        if (among.some((fault) => fault.kind === kind)) {
          return refuse('ALREADY_REPORTED', 'The fault is reported, and nobody has seen to it yet.');
        }
        if (own.length >= mostFaultsOfOne) {
          const because = `The rider has reported ${mostFaultsOfOne} faults of the bike, and nobody has seen to them yet.`;
          return refuse('ALREADY_REPORTED', because);
        }
        const reportedAt = after(open.at(-1), at);
        return [{ type: 'FaultReported', data: { bikeId: state.bikeId, userId, kind, note, reportedAt } }];
      }
      case 'CloseFaults': {
        if (state.status === 'unregistered') return refuse('BIKE_NOT_FOUND', 'No bike has this number.');
        if (!state.faults) return refuse('NO_OPEN_REPORT', 'No fault of the bike is reported.');
        const { bikeId, faults } = state;
        const { reason, until } = command;
        const last = faults.at(-1);
        if (until !== undefined && last !== undefined && last.reportedAt > until) {
          return refuse('BIKE_CHANGED', `Another fault was reported after ${until}.`);
        }
        return [{ type: 'FaultsClosed', data: { bikeId, reason, closedAt: at } }];
      }
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'BikeRegistered':
        return { status: 'registered', ...event.data };
      case 'BikeConditionChanged':
        if (state.status === 'unregistered') return state;
        // One that goes to the workshop is still broken.
        return event.data.condition === 'IN_SERVICE'
          ? { ...withoutFaults(state), condition: 'IN_SERVICE' }
          : { ...state, condition: event.data.condition };
      case 'FaultReported': {
        const { bikeId: _bikeId, ...fault } = event.data;
        return state.status === 'registered' ? { ...state, faults: [...(state.faults ?? []), fault] } : state;
      }
      case 'FaultsClosed':
        return state.status === 'registered' ? withoutFaults(state) : state;
    }
  },
};

/** Now, and later than a fault: which of two is the later one decides what somebody has seen, and clocks differ. */
function after(fault: Fault | undefined, at: string): string {
  if (fault === undefined || fault.reportedAt < at) return at;
  return new Date(Date.parse(fault.reportedAt) + 1).toISOString();
}

function withoutFaults({ faults: _faults, ...bike }: Extract<Bike, { status: 'registered' }>): Bike & RegisteredBike {
  return bike;
}
