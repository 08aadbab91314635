import { parseArgs } from 'node:util';
import type { ParkedStatus } from '../../schema/client/generated/graphql.ts';
import { exitCodes, OpsError } from './ops-error.ts';

export const usage = `npm run ops -- <command> [options]

  services                       how every service is
  parked                         events that a service could not handle
    --service NAME                 only those of this service
    --status STATUS                parked (the default), retrying, redriven or discarded
    --limit N                      how many to show, 1 to 200 (50)
  show <id>                      everything about one of them
  redrive <id>                   handle it again, and those that wait behind it
  discard <id> --reason TEXT     give it up for good
  rebuild                        rebuild the dashboard's view from the journals, and follow that to its end
    --accept-difference            replace the live view although the two differ
  import-stations <file>         open and change stations as the city's file (CSV) says
    --dry-run                      only tell what would become of each line
  move-bikes <file>              bring bikes to stations as a file (CSV: bike, station) says
    --reason TEXT                  why, for the audit trail
    --dry-run                      only tell which lines cannot be read
  rebuilds                       what became of earlier ones
    --limit N                      how many to show, 1 to 200 (50)

  --url URL                      the running system (http://127.0.0.1:8088, or its ROUTER_PORT)
  --json                         print the answer as JSON

The token in TTAREUNGI_TOKEN says who you are; without it, in development, you are an admin. Times are those of Seoul.
Exit codes: 0 done · 1 refused, or a service is down or cannot publish · 64 wrong usage · 66 no such event · 69 not running, or no answer · 70 a bug · 77 no right · 78 a wrong setting.`;

export type Command =
  | { name: 'help' }
  | { name: 'services' }
  | { name: 'parked'; service: string | null; status: ParkedStatus; limit: number }
  | { name: 'show'; id: string }
  | { name: 'redrive'; id: string }
  | { name: 'discard'; id: string; reason: string }
  | { name: 'rebuild'; acceptDifference: boolean }
  | { name: 'rebuilds'; limit: number }
  | { name: 'import-stations'; file: string; dryRun: boolean }
  | { name: 'move-bikes'; file: string; dryRun: boolean; reason: string | null };

export interface Invocation {
  command: Command;
  url: string;
  json: boolean;
}

const statuses: readonly ParkedStatus[] = ['PARKED', 'RETRYING', 'REDRIVEN', 'DISCARDED'];

/** Which options a command has beside --url, --json and --help. */
const optionsOf: Record<string, readonly string[]> = {
  services: [],
  parked: ['service', 'status', 'limit'],
  show: [],
  redrive: [],
  discard: ['reason'],
  rebuild: ['accept-difference'],
  rebuilds: ['limit'],
  'import-stations': ['dry-run'],
  'move-bikes': ['dry-run', 'reason'],
};

/** @throws {OpsError} that says what does not fit. */
export function parseInvocation(argv: readonly string[], env: NodeJS.ProcessEnv): Invocation {
  const { values, positionals } = parsed(argv);
  const url = addressOf(values.url ?? `http://127.0.0.1:${env['ROUTER_PORT'] || '8088'}`);
  const [name, ...operands] = positionals;
  if (values.help || name === undefined || name === 'help') return { command: { name: 'help' }, url, json: false };
  const allowed = optionsOf[name];
  if (!allowed) throw wrong(`There is no command "${name}".`);
  const foreign = Object.keys(values).find((option) => !['url', 'json', 'help', ...allowed].includes(option));
  if (foreign) throw wrong(`${name} has no option --${foreign}.`);
  return { command: commandOf(name, operands, values), url, json: values.json ?? false };
}

type Values = ReturnType<typeof parsed>['values'];

function parsed(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        ...{ url: text, json: flag, help: flag, service: text, status: text, limit: text, reason: text },
        'accept-difference': flag,
        'dry-run': flag,
      },
    });
  } catch (error) {
    const [line = ''] = (error as Error).message.split(/\. |\n/);
    throw wrong(`${line.replace(/\.$/, '')}.`);
  }
}

function commandOf(name: string, operands: string[], values: Values): Command {
  const takesNone = name === 'services' || name === 'parked' || name === 'rebuild' || name === 'rebuilds';
  if (takesNone && operands.length > 0) throw wrong(`${name} takes no "${operands[0] ?? ''}".`);
  switch (name) {
    case 'services':
      return { name };
    case 'parked':
      return { name, service: values.service ?? null, status: statusOf(values), limit: limitOf(values) };
    case 'rebuild':
      return { name, acceptDifference: values['accept-difference'] ?? false };
    case 'rebuilds':
      return { name, limit: limitOf(values) };
  }
  const [id, extra] = operands;
  if (name === 'import-stations' || name === 'move-bikes') {
    if (id === undefined || extra !== undefined) throw wrong(`${name} takes one file.`);
    const given = { file: id, dryRun: values['dry-run'] ?? false };
    return name === 'import-stations' ? { name, ...given } : { name, ...given, reason: values.reason?.trim() || null };
  }
  if (id === undefined) throw wrong(`${name} needs the id of a parked event: npm run ops -- parked lists them.`);
  if (extra !== undefined) throw wrong(`${name} takes one id. Put an id with special characters in quotes.`);
  if (name !== 'discard') return { name: name === 'show' ? 'show' : 'redrive', id };
  const reason = values.reason?.trim();
  if (!reason) throw wrong('discard needs --reason "…": it is kept with the event.');
  return { name, id, reason };
}

function statusOf({ status = 'PARKED' }: Values): ParkedStatus {
  const known = statuses.find((one) => one === status.toUpperCase());
  if (!known) throw wrong(`--status is "${status}". It must be ${statuses.join(', ').toLowerCase()}.`);
  return known;
}

function limitOf({ limit = '50' }: Values): number {
  const count = Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > 200) {
    throw wrong(`--limit is "${limit}". It must be a whole number from 1 to 200.`);
  }
  return count;
}

function addressOf(url: string): string {
  const parsedUrl = URL.parse(url);
  if (parsedUrl && /^https?:$/.test(parsedUrl.protocol)) return parsedUrl.origin;
  throw wrong(`--url is "${url}". It must be an address such as http://127.0.0.1:8088.`);
}

const wrong = (message: string) => new OpsError(exitCodes.usage, `${message} See npm run ops -- --help.`);
