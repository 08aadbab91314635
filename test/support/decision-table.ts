import { expect, it } from '@jest/globals';
import { isRefusal, type Decider, type Decision } from '../../platform/event-core/decider.ts';

/** The result of a command: `nothing`, the refusal's code, or the types of the events joined by ` + `. */
export type Outcome = string;

export interface DecisionTable<State, Command, NewEvent, Situation extends string, Name extends string> {
  decider: Decider<State, Command, NewEvent>;
  /** The earlier events, by the name of the situation they lead to. */
  situations: Record<Situation, readonly NewEvent[]>;
  /** Commands, and when they come. */
  commands: Record<Name, { command: Command; at: string }>;
  /** By command, then by outcome: the situations with that outcome. Every situation occurs once in every row. */
  outcomes: Record<Name, Partial<Record<Outcome, readonly Situation[]>>>;
}

/** One test per command: in every situation it does what the table says, and the table leaves no situation out. */
export function itDecides<
  State,
  Command,
  NewEvent extends { type: string },
  Situation extends string,
  Name extends string,
>({ decider, situations, commands, outcomes }: DecisionTable<State, Command, NewEvent, Situation, Name>): void {
  const names = Object.keys(commands) as Name[];
  const histories = Object.entries(situations) as [Situation, readonly NewEvent[]][];
  it.each(names)('%s in every situation', (name) => {
    const { command, at } = commands[name];
    const seen = histories.map(([situation, events]) => {
      const state = events.reduce((before, event) => decider.evolve(before, event), decider.initial);
      return `${situation}: ${outcomeOf(decider.decide(command, state, at))}`;
    });
    const row = Object.entries(outcomes[name]) as [Outcome, readonly Situation[]][];
    const expected = row.flatMap(([outcome, where]) => where.map((situation) => `${situation}: ${outcome}`));
    expect(seen.toSorted()).toEqual(expected.toSorted());
  });
}

export function outcomeOf(decision: Decision<{ type: string }, string>): Outcome {
  if (isRefusal(decision)) return decision.refused;
  return decision.length === 0 ? 'nothing' : decision.map(({ type }) => type).join(' + ');
}
