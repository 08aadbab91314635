import { createClient, GraphqlRequestError, isSilence } from '../../schema/client/client.ts';
import { ConfigError, exitCodeConfig, readConfig } from '../../platform/server/config.ts';
import { parseInvocation, usage, type Command } from './arguments.ts';
import { runCommand, type Finding } from './commands.ts';
import { exitCodes, OpsError } from './ops-error.ts';
import { opsSettings } from './settings.ts';

const requestTimeoutMs = 15_000;

/** A command's result: one of the two texts, and its exit code. */
export interface Ending {
  out: string;
  err: string;
  exitCode: number;
}

/**
 * Runs one command line; a mistake that the person who typed it can correct ends in `err`.
 * @param report receives progress lines while a command takes long.
 */
export async function runOps(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  report: (line: string) => void = () => undefined,
): Promise<Ending> {
  try {
    const { command, url, json } = parseInvocation(argv, env);
    if (command.name === 'help') return { out: usage, err: '', exitCode: exitCodes.ok };
    const token = readConfig(opsSettings, env).TTAREUNGI_TOKEN ?? (await developmentToken(url));
    const { text, data, exitCode } = await findOut(command, url, token, report);
    return { out: json ? JSON.stringify(data, null, 2) : text, err: '', exitCode };
  } catch (error) {
    if (error instanceof ConfigError) return { out: '', err: error.message, exitCode: exitCodeConfig };
    if (!(error instanceof OpsError)) throw error;
    return { out: '', err: error.message, exitCode: error.exitCode };
  }
}

async function findOut(command: Command, url: string, token: string, report: (line: string) => void): Promise<Finding> {
  const client = createClient({ url: `${url}/graphql`, token });
  try {
    return await runCommand(command, client, report);
  } catch (error) {
    throw error instanceof GraphqlRequestError ? forPeople(error, url, command) : error;
  } finally {
    client.close();
  }
}

/** An admin's token, where the system issues development tokens. */
async function developmentToken(url: string): Promise<string> {
  const response = await fetch(`${url}/dev/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId: 'ops', roles: ['admin'] }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  }).catch(() => undefined);
  if (!response || isSilence(`HTTP_${response.status}`)) throw notRunning(url);
  const answer = (await response.json().catch(() => null)) as { token?: string } | null;
  if (answer?.token) return answer.token;
  throw new OpsError(
    exitCodes.noRight,
    `${url} gives no development tokens: put the token of an operator or admin into TTAREUNGI_TOKEN.`,
  );
}

const notRunning = (url: string) =>
  new OpsError(exitCodes.unavailable, `Nothing answers at ${url}. Start the system first (npm start), or set --url.`);

const orders: readonly Command['name'][] = ['redrive', 'discard', 'rebuild', 'import-stations', 'move-bikes'];

/** Whether a command may have changed something though its answer was lost. */
const isOrder = (command: Command) => orders.includes(command.name) && !('dryRun' in command && command.dryRun);

function unanswered(url: string, command: Command): OpsError {
  if (!isOrder(command)) return notRunning(url);
  return new OpsError(exitCodes.unavailable, `There was no answer from ${url}. It is not known what became of it.`);
}

function forPeople({ code, message }: GraphqlRequestError, url: string, command: Command): OpsError {
  if (isSilence(code)) return unanswered(url, command);
  switch (code) {
    case 'UNAUTHENTICATED':
      return new OpsError(exitCodes.noRight, `TTAREUNGI_TOKEN is not accepted: ${message}`);
    case 'FORBIDDEN':
      return new OpsError(exitCodes.noRight, `You may not do this: ${message}`);
    case 'SERVICE_UNAVAILABLE': {
      const what = isOrder(command) ? 'It is not known what became of it' : 'There is no answer at the moment';
      return new OpsError(exitCodes.unavailable, `${what}: ${message}`);
    }
    case 'BAD_USER_INPUT':
      return new OpsError(exitCodes.usage, message);
    default:
      return new OpsError(exitCodes.bug, `${code}: ${message}`);
  }
}
