import { setTimeout as delay } from 'node:timers/promises';
import type { GraphQLSchema } from 'graphql';
import type { Dice } from '../../cli/demo/dice.ts';
import type { Attacker, Line } from './attacker.ts';
import { createOperations, mutated } from './operations.ts';

export interface Finding {
  /** The request's index in this seed. */
  number: number;
  what: string;
  request: unknown;
}

export interface FuzzResult {
  requests: number;
  /** How the requests ended, by status or code. */
  outcomes: Record<string, number>;
  slowestMs: number;
  findings: Finding[];
}

interface Body {
  data?: unknown;
  errors?: { message?: unknown; path?: unknown; extensions?: { code?: unknown } }[];
}

const statuses = new Set([200, 400, 401, 403, 404, 405, 406, 408, 413, 415, 422, 429, 431, 503]);
/** An error names what and where; it must not copy the input. */
const maxMessage = 1_001;
const maxErrors = 1_000;
const roles = [undefined, undefined, 'rider', 'rider', 'operator', 'admin', 'auditor'] as const;

/** What is wrong with an answer, whatever the request. */
function faultIn(status: number, text: string): string | undefined {
  if (!statuses.has(status)) return `HTTP ${status}`;
  let body: Body;
  try {
    body = JSON.parse(text) as Body;
  } catch {
    return `no JSON: ${text.slice(0, 80)}`;
  }
  return faultInBody(body);
}

function faultInBody({ data, errors }: Body): string | undefined {
  if (data === undefined && errors === undefined) return 'neither data nor errors';
  if (!errors) return undefined;
  if (errors.length > maxErrors) return `${errors.length} errors`;
  for (const { message, path, extensions } of errors) {
    if (extensions?.code === 'INTERNAL_SERVER_ERROR') return 'INTERNAL_SERVER_ERROR';
    if (typeof extensions?.code !== 'string') return 'an error without a code';
    if (typeof message !== 'string' || message.length > maxMessage)
      return `a message of ${String(message).length}: ${String(message).slice(0, 120)}`;
    if (/ at .*\.(ts|js):\d+|MongoServerError|BSON|ECONN/.test(message)) return `a message from inside: ${message}`;
    // An error of a field says which.
    if (data && !Array.isArray(path)) return `an error beside data without a path: ${message}`;
  }
  return undefined;
}

/**
 * Sends operations generated from the schema, over every transport and as any viewer.
 * Deterministic: the same seed sends the same requests in the same order.
 */
export async function fuzz(options: {
  attacker: Attacker;
  tokenOf(role: 'rider' | 'operator' | 'admin' | 'auditor'): Promise<string>;
  schema: GraphQLSchema;
  dice: Dice;
  requests: number;
  /** False ends the run: no further request could succeed. */
  alive(): boolean;
}): Promise<FuzzResult> {
  const { attacker, dice, tokenOf } = options;
  const { operation } = createOperations(options.schema, dice);
  const result: FuzzResult = { requests: 0, outcomes: {}, slowestMs: 0, findings: [] };
  const lines = new Map<string, Line>();
  const count = (outcome: string) => (result.outcomes[outcome] = (result.outcomes[outcome] ?? 0) + 1);

  function judge(number: number, transport: string, request: unknown, fault: string | undefined): void {
    if (fault) result.findings.push({ number, what: `${fault} (${transport})`, request });
  }

  async function overSocket(number: number, body: object, token: string | undefined, quiet: boolean): Promise<void> {
    let line = lines.get(token ?? '');
    if (!line?.isOpen()) {
      line = await attacker.socket(token === undefined ? {} : { token });
      lines.set(token ?? '', line);
    }
    const id = `${number}`;
    line.send({ id, type: 'subscribe', payload: body });
    const answerOf = () => line.heard.find((message) => message.id === id);
    // A subscription may have no events.
    const deadline = Date.now() + (quiet ? 200 : 3_000);
    while (line.isOpen() && !answerOf() && Date.now() < deadline) await delay(2);
    const answer = answerOf();
    line.send({ id, type: 'complete' });
    line.heard.length = 0;
    count(`socket ${answer?.type ?? (line.isOpen() ? 'silent' : 'closed')}`);
    if (answer?.type === 'next') judge(number, 'socket', body, faultInBody(answer.payload as Body));
    if (answer?.type === 'error')
      judge(number, 'socket', body, faultInBody({ errors: answer.payload as NonNullable<Body['errors']> }));
  }

  while (result.requests < options.requests && options.alive() && result.findings.length < 20) {
    result.requests += 1;
    const number = result.requests;
    const role = dice.pick(roles);
    const token = role && (await tokenOf(role));
    const made = operation();
    const query = dice.below(6) === 0 ? mutated(made.query, dice) : made.query;
    const body = { query, variables: made.variables };
    const transport = dice.pick(['post', 'post', 'post', 'get', 'socket', 'stream', 'subgraph', 'raw'] as const);
    const startedAt = performance.now();
    const signed = token ? { token } : {};
    if (transport === 'socket') await overSocket(number, body, token, made.type === 'subscription');
    else if (transport === 'get') {
      const search = new URLSearchParams({ query, variables: JSON.stringify(made.variables) });
      const { status } = await attacker.get(`/graphql?${String(search)}`);
      count(`get ${status}`);
      // Only its status is told.
      judge(number, 'get', body, statuses.has(status) ? undefined : `HTTP ${status}`);
    } else if (transport === 'stream') {
      const { status, text } = await attacker.post(body, { ...signed, accept: 'text/event-stream', leaveAfterMs: 200 });
      count(`stream ${status}`);
      judge(
        number,
        'stream',
        body,
        status === 0 || statuses.has(status) ? undefined : `HTTP ${status} ${text.slice(0, 80)}`,
      );
    } else {
      const raw = transport === 'raw' ? mutated(JSON.stringify(body), dice) : body;
      const port =
        transport === 'subgraph' ? attacker.subgraphPorts[dice.below(attacker.subgraphPorts.length)] : undefined;
      const { status, text } = await attacker.post(raw, { ...signed, ...(port ? { port } : {}) });
      count(`${transport} ${status}`);
      judge(number, transport, raw, faultIn(status, text));
    }
    result.slowestMs = Math.max(result.slowestMs, performance.now() - startedAt);
  }
  return result;
}
