import { canonicalJson } from './canonical-json.ts';
import { isRefusal, type Decider } from './decider.ts';

/**
 * Given these events, when this command comes, then that is decided: a specification as a value.
 * `then` and `refused` throw an error that shows both sides when they differ.
 */
export function specificationOf<State, Command, NewEvent, Code extends string>(
  decider: Decider<State, Command, NewEvent, Code>,
  at: string,
) {
  return {
    given: (...events: NewEvent[]) => ({
      when: (command: Command) => {
        const state = events.reduce((before, event) => decider.evolve(before, event), decider.initial);
        const decision = decider.decide(command, state, at);
        return {
          then: (...expected: NewEvent[]) => {
            compare(decision, expected);
          },
          refused: (code: Code) => {
            compare(isRefusal(decision) ? decision.refused : decision, code);
          },
        };
      },
    }),
  };
}

/** As a journal has it: the order of fields does not matter. */
function compare(actual: unknown, expected: unknown): void {
  if (canonicalJson(actual) === canonicalJson(expected)) return;
  const [seen, wanted] = [actual, expected].map((value) => JSON.stringify(value, undefined, 2));
  throw new Error(`Expected ${wanted}\nbut the rules decided ${seen}`);
}
