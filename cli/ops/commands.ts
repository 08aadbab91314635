import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../schema/client/client.ts';
import {
  DashboardRebuildsDocument,
  DiscardParkedEventDocument,
  ParkedEventDocument,
  ParkedEventsDocument,
  RebuildDashboardDocument,
  RedriveParkedEventDocument,
  ServicesDocument,
  type DashboardRebuildFieldsFragment,
  type ParkedEventFieldsFragment,
  type RefusalFieldsFragment,
} from '../../schema/client/generated/graphql.ts';
import { usage, type Command } from './arguments.ts';
import { exitCodes, OpsError } from './ops-error.ts';
import { importStations } from './import-stations.ts';
import { moveBikes } from './move-bikes.ts';
import { isPassing, patiently } from './patience.ts';
import { toFacts, toLine, toSeoulTime, toTable } from './tables.ts';

/** What a command found out, for people and for programs. */
export interface Finding {
  text: string;
  data: unknown;
  exitCode: number;
}

/** For how long a command that only looks on waits for an answer. */
const longestSilenceMs = 60_000;

/**
 * @param report receives progress lines while a command takes long.
 * @throws {OpsError} where the event is unknown; {GraphqlRequestError} as the client does.
 */
export async function runCommand(
  command: Command,
  client: Client,
  report: (line: string) => void,
  silenceMs = longestSilenceMs,
): Promise<Finding> {
  switch (command.name) {
    case 'help':
      return found(usage, usage);
    case 'services':
      return services(client);
    case 'parked':
      return parked(client, command);
    case 'show': {
      const { parkedEvent } = await client.request(ParkedEventDocument, { id: command.id });
      if (!parkedEvent) throw unknownId(command.id);
      return found(describe(parkedEvent), parkedEvent);
    }
    case 'redrive': {
      const answer = await client.request(RedriveParkedEventDocument, { input: { id: command.id } });
      const { redriven, refusal } = answer.redriveParkedEvent;
      const text = redriven === 0 ? 'It was handled before.' : `Handled ${count(redriven, 'event')}.`;
      return settled(command.id, answer.redriveParkedEvent, refusal, text);
    }
    case 'discard': {
      const { id, reason } = command;
      const answer = await client.request(DiscardParkedEventDocument, { input: { id, reason } });
      const { redriven, refusal } = answer.discardParkedEvent;
      const rest = redriven === 0 ? '' : ` Handled ${count(redriven, 'event')} that waited behind it.`;
      return settled(id, answer.discardParkedEvent, refusal, `Discarded.${rest}`);
    }
    case 'rebuild':
      return rebuild(client, command.acceptDifference, report, silenceMs);
    case 'rebuilds':
      return rebuilds(client, command.limit);
    case 'import-stations':
      return ofLines(
        await importStations(client, command.file, command.dryRun, report),
        ['opened', 'changed', 'same', 'turned down'],
        command.dryRun,
      );
    case 'move-bikes':
      return ofLines(
        await moveBikes(client, command.file, command, report),
        command.dryRun ? ['readable', 'turned down'] : ['there', 'turned down', 'unknown', 'not tried'],
      );
  }
}

const found = (text: string, data: unknown, exitCode: number = exitCodes.ok): Finding => ({ text, data, exitCode });

function settled(id: string, data: unknown, refusal: RefusalFieldsFragment | null | undefined, text: string): Finding {
  if (refusal?.code === 'PARKED_EVENT_NOT_FOUND') throw unknownId(id);
  if (refusal) return found(`${refusal.code}: ${refusal.because}`, data, exitCodes.refused);
  return found(text, data);
}

const unknownId = (id: string) =>
  new OpsError(exitCodes.unknownId, `No service has a parked event "${id}". npm run ops -- parked lists them.`);

async function services(client: Client): Promise<Finding> {
  const answer = await client.request(ServicesDocument, {});
  const rows = answer.services.map((service) => [
    service.name,
    service.status,
    service.startedAt ? toSeoulTime(service.startedAt) : '-',
    service.unpublishedDecisions ?? '-',
    service.pendingEvents ?? '-',
    service.parkedEvents ?? '-',
    service.problem ?? '',
  ]);
  const refused = answer.services.flatMap(({ name, refusedDecisions }) =>
    (refusedDecisions ?? []).map(
      ({ id, because, times, since }) =>
        `${name} cannot publish ${id} since ${toSeoulTime(since)}, tried ${count(times, 'time')}: ${toLine(because, 100)}`,
    ),
  );
  const down = answer.services.some(({ status }) => status === 'DOWN');
  const head = ['SERVICE', 'STATUS', 'UP SINCE', 'UNPUBLISHED', 'PENDING', 'PARKED', 'PROBLEM'];
  const text = [toTable(head, rows), ...refused].join('\n');
  return found(text, answer.services, down || refused.length > 0 ? exitCodes.refused : exitCodes.ok);
}

async function parked(
  client: Client,
  { service, status, limit }: Extract<Command, { name: 'parked' }>,
): Promise<Finding> {
  const filter = { status, ...(service ? { service } : {}) };
  const { parkedEvents } = await client.request(ParkedEventsDocument, { filter, first: limit });
  const { nodes, totalCount, unavailable } = parkedEvents;
  const rows = nodes.map((event) => [
    event.id,
    event.eventType ?? '?',
    event.errorClass,
    event.attempts,
    toSeoulTime(event.firstAt),
    toLine(event.error, 70),
  ]);
  const lines = [
    nodes.length > 0 ? toTable(['ID', 'EVENT', 'WHY', 'TRIES', 'SINCE', 'ERROR'], rows) : 'Nothing.',
    ...(totalCount > nodes.length ? [`${nodes.length} of ${totalCount}: --limit shows more.`] : []),
    ...unavailable.map((name) => `${name} did not answer: its events are missing here.`),
  ];
  return found(lines.join('\n'), parkedEvents, unavailable.length > 0 ? exitCodes.refused : exitCodes.ok);
}

function describe(event: ParkedEventFieldsFragment): string {
  const actions = event.actions.map(
    ({ kind, by, at, reason }) => `${toSeoulTime(at)}  ${kind} by ${by}${reason ? `: ${reason}` : ''}`,
  );
  const facts = toFacts([
    ['id', event.id],
    ['status', event.status],
    ['event', event.eventType ?? 'unreadable'],
    ['subject', event.subject],
    ['version', event.version],
    ['correlation', event.correlationId],
    ['why', event.errorClass],
    ['tries', event.attempts],
    ['first', toSeoulTime(event.firstAt)],
    ['last', toSeoulTime(event.lastAt)],
    ['reason', event.reason],
  ]);
  const parts = [facts, event.stack || event.error, event.payload, actions.join('\n')];
  return parts.filter((part) => part !== '').join('\n\n');
}

const lookEveryMs = 500;

async function rebuild(
  client: Client,
  acceptDifference: boolean,
  report: (line: string) => void,
  silenceMs: number,
): Promise<Finding> {
  const answer = await client.request(RebuildDashboardDocument, { input: { acceptDifference } });
  const { rebuild: begun, refusal } = answer.rebuildDashboard;
  if (!begun || refusal) {
    const why = refusal ? `${refusal.code}: ${refusal.because}` : 'It was not begun.';
    return found(why, answer.rebuildDashboard, exitCodes.refused);
  }
  for (let shown = ''; ; await delay(lookEveryMs)) {
    const { dashboardRebuilds } = await lookPatiently(client, silenceMs);
    // The newest: a rebuild whose process died restarts under another number.
    const [now] = dashboardRebuilds;
    if (!now) continue;
    const line = `${now.number}: ${now.status.toLowerCase()}, ${now.events} of ${now.totalEvents} events`;
    if (line !== shown) report(line);
    shown = line;
    if (now.finishedAt && now.status !== 'ABANDONED') return ended(now);
  }
}

/** The rebuild goes on while nobody answers. */
async function lookPatiently(client: Client, silenceMs: number) {
  const until = performance.now() + silenceMs;
  try {
    return await patiently(
      () => client.request(DashboardRebuildsDocument, { first: 10 }),
      () => performance.now() < until,
    );
  } catch (error) {
    if (!isPassing(error)) throw error;
    const way = 'npm run ops -- rebuilds tells what became of it.';
    throw new OpsError(exitCodes.unavailable, `The rebuild was begun, but nobody tells any more how far it is: ${way}`);
  }
}

function ended(rebuild: DashboardRebuildFieldsFragment): Finding {
  const { status, differences, problem, events } = rebuild;
  const examples = rebuild.examples.map(({ kind, key, live, rebuilt }) =>
    [`${kind} ${key}`.trim(), `  live     ${live ?? '-'}`, `  rebuilt  ${rebuilt ?? '-'}`].join('\n'),
  );
  const told = differences === 0 ? 'Nothing differs.' : `${count(differences, 'row')} differed, of these:`;
  if (status === 'SWITCHED') {
    return found(
      [`${count(Number(events), 'event')}: the rebuilt view is live. ${told}`, ...examples].join('\n'),
      rebuild,
    );
  }
  const why = status === 'REFUSED' ? told : (problem ?? status);
  const way = status === 'REFUSED' ? ['--accept-difference replaces it all the same.'] : [];
  return found([`The live view stayed: ${why}`, ...examples, ...way].join('\n'), rebuild, exitCodes.refused);
}

async function rebuilds(client: Client, limit: number): Promise<Finding> {
  const { dashboardRebuilds } = await client.request(DashboardRebuildsDocument, { first: limit });
  const rows = dashboardRebuilds.map((one) => [
    one.number,
    one.status,
    one.by,
    toSeoulTime(one.startedAt),
    one.finishedAt ? toSeoulTime(one.finishedAt) : '-',
    `${one.events} of ${one.totalEvents}`,
    one.differences,
    one.problem ?? '',
  ]);
  const head = ['NUMBER', 'STATUS', 'BY', 'BEGUN', 'ENDED', 'EVENTS', 'DIFFERENCES', 'PROBLEM'];
  return found(rows.length > 0 ? toTable(head, rows) : 'Nothing.', dashboardRebuilds);
}

/** Enough to see what is wrong with a file; --json has them all. */
const linesShown = 50;

interface LineOutcome {
  line: number;
  outcome: string;
  why?: string;
}

/** What became of the lines of a file. */
function ofLines(outcomes: readonly LineOutcome[], kinds: readonly string[], dryRun = false): Finding {
  const of = (outcome: string) => outcomes.filter((one) => one.outcome === outcome);
  const refused = outcomes.filter(({ why }) => why !== undefined);
  const sums = kinds.map((each) => `${of(each).length} ${each}`);
  const text = [
    `${dryRun ? 'Would be: ' : ''}${sums.join(', ')}.`,
    ...refused.slice(0, linesShown).map(({ line, why }) => `line ${line}: ${toLine(why ?? '', 100)}`),
    ...(refused.length > linesShown ? [`… and ${refused.length - linesShown} more: --json shows all.`] : []),
  ].join('\n');
  return found(text, outcomes, refused.length > 0 ? exitCodes.refused : exitCodes.ok);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
