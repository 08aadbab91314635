/** The shape of the rules: pure functions, so that they can be read, tested and simulated without a server. */

/** A refused command: data, not an error. */
export interface Refusal<Code extends string = string> {
  refused: Code;
  /** One sentence for people. */
  because: string;
}

/** What a rule makes of a command: events (none = nothing to do), or a refusal. */
export type Decision<NewEvent, Code extends string> = readonly NewEvent[] | Refusal<Code>;

export interface Decider<State, Command, NewEvent, Code extends string = string> {
  initial: State;
  /** @param at RFC 3339; the rules have no clock of their own. */
  decide(command: Command, state: State, at: string): Decision<NewEvent, Code>;
  evolve(state: State, event: NewEvent): State;
}

export function refuse<Code extends string>(code: Code, because: string): Refusal<Code> {
  return { refused: code, because };
}

export function isRefusal<NewEvent, Code extends string>(
  decision: Decision<NewEvent, Code>,
): decision is Refusal<Code> {
  return 'refused' in decision;
}

/** The command that a policy issues when an event happened. */
export interface Reaction<Command> {
  stream: string;
  command: Command;
  /** The stream begins with it, as a rule: its head need not be read first. */
  opens?: boolean;
}

/** By event type, then by name: `deductPointsWhenReservationRequested`. Pure; null when there is nothing to do. */
export type Policies<Event extends { type: string }, Command> = {
  [Type in Event['type']]?: Record<string, (event: Extract<Event, { type: Type }>) => Reaction<Command> | null>;
};
