import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import {
  abortedBy,
  controlBy,
  holdWhileWaiting,
  HttpRefusal,
  placeFor,
  readBody,
  sendText,
  statusWithoutData,
  weightsIn,
  type Logger,
  type RequestHandler,
  type Serialised,
  type Unwanted,
} from '../../platform/server/index.ts';
import type { ErrorFormatter } from '../client-errors.ts';
import type { Manifest } from '../documents/persisted.ts';
import type { RequestContext } from '../gateway/request-context.ts';
import type { RouterGuest } from '../http/admission.ts';
import type { Cors } from '../http/cors.ts';
import { requireJson } from '../http/graphql-request.ts';
import type { Operations } from '../subscriptions/operations.ts';
import type { Generation } from '../supergraph/generation.ts';
import {
  errorText,
  isStateless,
  readMessage,
  resultText,
  rpcCodes,
  RpcRefusal,
  supportedVersions,
  versionFor,
  type RpcId,
  type RpcMessage,
} from './protocol.ts';
import { toolsOf, type Tool, type Tools } from './tools.ts';

export interface McpOptions {
  /** Documents that are tools. */
  manifest: Manifest;
  current(): Generation;
  operations: Operations;
  guestOf(request: IncomingMessage): Promise<RouterGuest>;
  /** May throw a client error. */
  contextOf(request: IncomingMessage, gone: Unwanted): Promise<RequestContext>;
  cors: Pick<Cors, 'isAllowed'>;
  maxBodyBytes: number;
  formatError: ErrorFormatter;
  logger: Pick<Logger, 'warn'>;
}

interface Asking {
  request: IncomingMessage;
  guest: RouterGuest;
  context: RequestContext;
  gone: Unwanted;
}

interface Served {
  status: number;
  text: string;
  guest?: RouterGuest;
}

/** Headers of the transport, which pages of other origins may send. */
export const mcpHeaders = ['mcp-protocol-version', 'mcp-session-id', 'mcp-method', 'mcp-name'];

/** Assistants ask again after so long: a reload of the supergraph is seen by then. */
const toolsKeptMs = 60_000;

const serverInfo = { name: 'graphql-operations', version: '1.0.0' };
const capabilities = { tools: {} };
const instructions =
  'Each tool is one GraphQL operation. Its answer has "data" and, when something failed, "errors" with codes in their extensions.';

/** The operations of the manifest as tools of the Model Context Protocol, over its Streamable HTTP, without sessions. */
export function createMcp(options: McpOptions): RequestHandler {
  const { current, manifest, operations, logger, formatError } = options;
  const known = new WeakMap<Generation, Promise<Tools>>();
  function tools(): Promise<Tools> {
    const generation = current();
    const found = known.get(generation) ?? toolsOf(manifest, generation, logger);
    known.set(generation, found);
    return found;
  }
  // What is wrong with the manifest is told at the start; what else may fail, to whoever asks.
  void tools().catch(() => undefined);

  /** The result, as JSON. @throws {RpcRefusal} */
  async function answer(message: RpcMessage, asking: Asking): Promise<string> {
    const { method, params = {} } = message;
    const stateless = isStateless(message, asking.request.headers);
    if (method === 'tools/call') return call(params, asking);
    // Counts as an operation, as often as it is asked for.
    placeFor(asking.guest, 'operations').leave();
    if (method === 'tools/list') {
      if (params['cursor'] !== undefined) throw new RpcRefusal(rpcCodes.invalidParams, 'There is one page of tools.');
      return `{"resultType":"complete","tools":${(await tools()).listed},"ttlMs":${toolsKeptMs},"cacheScope":"public"}`;
    }
    if (stateless && method === 'server/discover') {
      const shared = { ttlMs: toolsKeptMs, cacheScope: 'public', _meta: { [metaServer]: serverInfo } };
      return JSON.stringify({ resultType: 'complete', supportedVersions, capabilities, instructions, ...shared });
    }
    if (!stateless && method === 'ping') return '{}';
    if (!stateless && method === 'initialize') {
      return JSON.stringify({ protocolVersion: versionFor(params), capabilities, serverInfo, instructions });
    }
    const status = stateless ? 404 : 200;
    throw new RpcRefusal(rpcCodes.methodNotFound, 'There is no such method here.', { status });
  }

  async function call({ name, arguments: given = {} }: Readonly<Record<string, unknown>>, asking: Asking) {
    const tool = typeof name === 'string' ? (await tools()).find(name) : undefined;
    if (!tool) throw new RpcRefusal(rpcCodes.invalidParams, 'There is no tool of this name.');
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw new RpcRefusal(rpcCodes.invalidParams, '"arguments" must be an object.');
    }
    // GraphQL would ignore it, and its sender believe that it counted.
    const unknown = Object.keys(given).find((each) => !tool.arguments.has(each));
    if (unknown !== undefined)
      return failed(`${tool.name} takes: ${[...tool.arguments].join(', ') || 'no arguments'}.`);
    return run(tool, given as Record<string, unknown>, asking);
  }

  function run({ name, documentId }: Tool, variables: Record<string, unknown>, { guest, context, gone }: Asking) {
    return new Promise<string>((resolve) => {
      let answered = '{}';
      const fail = (errors: readonly GraphQLFormattedError[]) =>
        resolve(failed(told(errors), JSON.stringify({ errors })));
      const receiver = {
        next: ({ text }: Serialised) => void (answered = text),
        error: fail,
        complete: () => resolve(resultOf(answered)),
      };
      const payload = { query: '', documentId, operationName: name, variables, extensions: undefined };
      try {
        operations.start(payload, { client: guest.client, context }, receiver, controlBy(gone));
      } catch (error) {
        fail([formatError(error)]);
      }
    });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<Served> {
    refuseStrangers(request, options.cors);
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      throw new HttpRefusal(
        405,
        'BAD_REQUEST',
        'Messages are sent by POST; there are no streams and no sessions here.',
      );
    }
    requireJson(request);
    requireJsonTaken(request);
    const guest = await options.guestOf(request);
    const message = readMessage(await readBody(request, options.maxBodyBytes, guest));
    const gone = abortedBy(response);
    const { id } = message;
    try {
      const context = await options.contextOf(request, gone);
      const result = await answerOrNothing(message, { request, guest, context, gone });
      return { status: result === undefined ? 202 : 200, text: result ?? '', guest };
    } catch (error) {
      return { ...refusedBecause(error, id), guest };
    }
  }

  async function answerOrNothing(message: RpcMessage, asking: Asking): Promise<string | undefined> {
    // Of notifications none means anything here.
    return message.id === undefined ? undefined : resultText(message.id, await answer(message, asking));
  }

  function refusedBecause(error: unknown, id?: RpcId): Served {
    if (error instanceof RpcRefusal) return { status: error.status, text: errorText(id, error) };
    if (error instanceof HttpRefusal) {
      const code = error.status >= 500 || error.status === 429 ? rpcCodes.internalError : rpcCodes.invalidRequest;
      return {
        status: error.status,
        text: errorText(id, { code, message: error.message, data: { code: error.code } }),
      };
    }
    const formatted = formatError(error);
    const status = statusWithoutData(undefined, [formatted]) ?? (error instanceof GraphQLError ? 400 : 500);
    const code = status >= 500 ? rpcCodes.internalError : rpcCodes.invalidRequest;
    return { status, text: errorText(id, { code, message: formatted.message, data: formatted.extensions }) };
  }

  return async (request, response) => {
    const served = await serve(request, response).catch((error: unknown) => refusedBecause(error));
    const { status, text, guest } = served;
    if (request.destroyed && !request.complete) return void response.destroy();
    if (response.destroyed) return;
    if (!request.complete) response.setHeader('connection', 'close');
    if (status === 401) response.setHeader('www-authenticate', 'Bearer error="invalid_token"');
    if (status === 429 || status === 503) response.setHeader('retry-after', '1');
    if (text === '') return void response.writeHead(status).end();
    const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
    await sendText(request, response, text, { status, headers });
    if (guest) holdWhileWaiting(response, guest);
  };
}

const metaServer = 'io.modelcontextprotocol/serverInfo';

/**
 * A page that was led here by its own DNS ("DNS rebinding") has this server's address for its own: only pages that are
 * listed may come, unlike elsewhere. A program names no origin.
 * @throws {HttpRefusal}
 */
function refuseStrangers({ headers: { origin } }: IncomingMessage, cors: Pick<Cors, 'isAllowed'>): void {
  if (origin === undefined || cors.isAllowed(origin)) return;
  throw new HttpRefusal(403, 'FORBIDDEN', 'The origin is not allowed.');
}

/** @throws {HttpRefusal} */
function requireJsonTaken({ headers: { accept } }: IncomingMessage): void {
  if (!accept?.trim()) return;
  const weights = weightsIn(accept);
  const name = ['application/json', 'application/*', '*/*'].find((each) => weights.has(each));
  if (name !== undefined && weights.get(name) !== 0) return;
  throw new HttpRefusal(406, 'BAD_REQUEST', 'Answers are application/json, and "Accept" does not take it.');
}

/** The answer as text for a model, and as it is for a program. */
function resultOf(answer: string): string {
  const { errors } = JSON.parse(answer) as { errors?: readonly GraphQLFormattedError[] };
  if (errors) return failed(`${told(errors)}\n${answer}`, answer);
  return `{"resultType":"complete","content":[{"type":"text","text":${JSON.stringify(answer)}}],"structuredContent":${answer}}`;
}

function failed(text: string, answer?: string): string {
  const structured = answer === undefined ? '' : `,"structuredContent":${answer}`;
  return `{"resultType":"complete","isError":true,"content":[{"type":"text","text":${JSON.stringify(text)}}]${structured}}`;
}

const told = (errors: readonly GraphQLFormattedError[]) =>
  errors
    .map(({ message, path, extensions }) => {
      const code = extensions?.['code'];
      return `${typeof code === 'string' ? `${code}: ` : ''}${message}${path ? ` (${path.join('.')})` : ''}`;
    })
    .join('\n');
