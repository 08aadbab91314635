import { z } from 'zod';
import { envelopeSchema, type Envelope } from '../../schema/events/envelope.ts';
import type { EventBus } from './bus.ts';
import { ContractError } from '../foundation/errors.ts';
import { whyForeign } from './inbox-message.ts';
import type { Logger } from '../server/logger.ts';
import type { JournalQuestion } from './questions.ts';

const eventsAnswer = z.array(envelopeSchema);

/**
 * The events of a stream between two versions, both excluded, from its owner's journal, page by page.
 * @throws {ContractError} when the journal does not have them all.
 * @throws {ChainBrokenError} when what it has cannot be trusted.
 * @throws {UnavailableError} when the owner does not answer.
 */
export async function* eventsBetween(
  bus: Pick<EventBus, 'ask'>,
  { publisher, stream }: { publisher: string; stream: string },
  position: number,
  version: number,
  logger?: Logger,
): AsyncGenerator<Envelope> {
  for (let next = position + 1; next < version;) {
    const question: JournalQuestion = { stream, after: next - 1 };
    const answer = eventsAnswer.safeParse(await bus.ask(publisher, 'journal.read', question));
    const events = answer.data ?? [];
    const foreign = events.map((event) => whyForeign(event, { publisher, stream })).find((why) => why !== null);
    if (!answer.success || foreign) {
      throw new ContractError(`The journal of ${publisher} answered with something else: ${foreign ?? 'no events'}`);
    }
    if (events[0]?.sequence !== next) {
      throw new ContractError(`The journal of ${publisher} has no version ${next} of ${stream}, but ${version} came.`);
    }
    logger?.info({ publisher, stream, from: next, to: version - 1 }, 'fetched missing events from their owner');
    for (const event of events) {
      if (event.sequence !== next || next === version) break;
      yield event;
      next += 1;
    }
  }
}
