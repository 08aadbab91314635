import type { Envelope } from '../../schema/events/envelope.ts';
import type { CommandHandler } from './command-handler.ts';
import type { Reaction } from './decider.ts';
import type { Journal } from './journal.ts';
import { parseOrThrow } from '../foundation/contract.ts';

/**
 * An event handler for the consumer: parses the event, asks the policies, and executes their commands. The cause
 * `<policy>:<event id>` makes a second delivery harmless.
 */
export function reactWith<Command>(
  commands: Pick<CommandHandler<unknown, Command, Envelope, string>, 'handle'>,
  policies: Partial<Record<string, Record<string, (event: never) => Reaction<Command> | null>>>,
  parse: (envelope: Envelope) => Envelope,
): (envelope: Envelope) => Promise<void> {
  return async (envelope) => {
    const event = parseOrThrow(envelope, parse);
    for (const [name, policy] of Object.entries(policies[event.type] ?? {})) {
      const reaction = policy(event as never);
      if (!reaction) continue;
      await commands.handle(reaction.stream, reaction.command, {
        cause: `${name}:${event.id}`,
        ...(reaction.opens ? { opens: true } : {}),
        correlationId: event.correlationid,
        causationId: event.id,
        ...(event.traceparent ? { traceparent: event.traceparent } : {}),
      });
    }
  };
}

/** For events that policies reacted to: the last event of each decision. */
export function ledTo(
  { byCauses }: Pick<Journal<unknown, Envelope>, 'byCauses'>,
  policies: Partial<Record<string, Record<string, unknown>>>,
): (eventIds: readonly string[]) => Promise<string[]> {
  const names = Object.values(policies).flatMap((named) => Object.keys(named ?? {}));
  return async (eventIds) => {
    const found = await byCauses(eventIds.flatMap((id) => names.map((name) => `${name}:${id}`)));
    return Array.from(found.values(), ({ events }) => events.at(-1)?.id ?? '');
  };
}
