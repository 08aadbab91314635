import type { Envelope } from '../../schema/events/envelope.ts';
import { ContractError } from './errors.ts';

/** @throws {ContractError} when the event is not what its publisher promised. */
export function parseOrThrow<Event extends Envelope>(envelope: Envelope, parse: (envelope: Envelope) => Event): Event {
  try {
    return parse(envelope);
  } catch (error) {
    throw new ContractError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
