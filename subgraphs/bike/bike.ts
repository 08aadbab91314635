import type { BikeCondition, BikeEvent, NewEvent } from '../../schema/events/index.ts';
import { refuse, type Decider } from '../chassis/decider.ts';

export type Bike =
  | { status: 'unregistered' }
  | { status: 'registered'; bikeId: number; color: string; registeredDate: string; condition: BikeCondition };

export type BikeCommand =
  | { type: 'RegisterBike'; bikeId: number; color: string; registeredDate: string | null }
  | { type: 'ChangeBikeCondition'; condition: BikeCondition; reason: string | null };

export type BikeRefusal = 'INVALID_COLOR' | 'BIKE_NOT_FOUND';

export const longestColor = 40;

export const bike: Decider<Bike, BikeCommand, NewEvent<BikeEvent>, BikeRefusal> = {
  initial: { status: 'unregistered' },

  decide(command, state, at) {
    switch (command.type) {
      case 'RegisterBike': {
        if (state.status === 'registered') return [];
        const color = command.color.trim();
        if (color.length === 0 || Array.from(color).length > longestColor) {
          return refuse('INVALID_COLOR', `A color has 1 to ${longestColor} characters.`);
        }
        const { bikeId, registeredDate } = command;
        const data = { bikeId, color, registeredDate: registeredDate ?? at, condition: 'IN_SERVICE' as const };
        return [{ type: 'BikeRegistered', data }];
      }
      case 'ChangeBikeCondition': {
        if (state.status === 'unregistered') return refuse('BIKE_NOT_FOUND', 'No bike has this number.');
        if (state.condition === command.condition) return [];
        const { bikeId, condition: previousCondition } = state;
        const { condition, reason } = command;
        return [
          { type: 'BikeConditionChanged', data: { bikeId, condition, previousCondition, reason, changedAt: at } },
        ];
      }
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'BikeRegistered':
        return { status: 'registered', ...event.data };
      case 'BikeConditionChanged':
        return state.status === 'registered' ? { ...state, condition: event.data.condition } : state;
    }
  },
};
