import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';

/** Revisions that begin with `initialize`, the newest first. */
export const handshakeVersions = ['2025-11-25', '2025-06-18'] as const;
/** The revision whose requests each say who speaks what: there is no handshake and no session. */
export const statelessVersion = '2026-07-28';
export const supportedVersions = [statelessVersion, ...handshakeVersions];

export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  headerMismatch: -32020,
  unsupportedVersion: -32022,
} as const;

export type RpcId = string | number;

/** A message that is answered with a JSON-RPC error. */
export class RpcRefusal extends Error {
  readonly code: number;
  readonly status: number;
  readonly data: unknown;
  constructor(code: number, message: string, { status = 200, data }: { status?: number; data?: unknown } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.data = data;
  }
}

const badRequest = (code: number, message: string, data?: unknown) =>
  new RpcRefusal(code, message, { status: 400, data });

const rpcMessage = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).optional(),
});

export type RpcMessage = z.infer<typeof rpcMessage>;

/** The message in a body. @throws {RpcRefusal} */
export function readMessage(body: string): RpcMessage {
  let given: unknown;
  try {
    given = JSON.parse(body);
  } catch {
    throw badRequest(rpcCodes.parseError, 'The body is not JSON.');
  }
  if (Array.isArray(given)) throw badRequest(rpcCodes.invalidRequest, 'A body is one message, no batch.');
  const read = rpcMessage.safeParse(given);
  if (read.success) return read.data;
  throw badRequest(rpcCodes.invalidRequest, 'The body is no JSON-RPC 2.0 request or notification.');
}

const metaVersion = 'io.modelcontextprotocol/protocolVersion';
const metaCapabilities = 'io.modelcontextprotocol/clientCapabilities';

/**
 * Whether a request is of the stateless revision.
 * @throws {RpcRefusal} when it is of a revision that is not spoken here, or its headers say other than its body.
 */
export function isStateless({ method, params = {} }: RpcMessage, headers: IncomingHttpHeaders): boolean {
  const meta = (params['_meta'] ?? {}) as Readonly<Record<string, unknown>>;
  const inHeader = headers['mcp-protocol-version'];
  const inBody = meta[metaVersion];
  const requested = inBody ?? inHeader;
  // Older clients name no revision once they have shaken hands.
  if (requested === undefined) return false;
  if (!supportedVersions.some((each) => each === requested)) {
    const data = { supported: supportedVersions, requested };
    throw badRequest(rpcCodes.unsupportedVersion, 'This revision of the protocol is not spoken here.', data);
  }
  if (requested !== statelessVersion) return false;
  if (inBody === undefined || typeof meta[metaCapabilities] !== 'object') {
    throw badRequest(rpcCodes.invalidParams, `"_meta" must have "${metaVersion}" and "${metaCapabilities}".`);
  }
  const mirrored = { 'mcp-protocol-version': inBody, 'mcp-method': method, 'mcp-name': nameIn({ method, params }) };
  for (const [header, value] of Object.entries(mirrored)) {
    if (value === undefined || decoded(headers[header]) === value) continue;
    throw badRequest(rpcCodes.headerMismatch, `The header ${header} must say what the body says.`);
  }
  return true;
}

const nameIn = ({ method, params }: Pick<RpcMessage, 'method' | 'params'>) =>
  method === 'tools/call' ? params?.['name'] : undefined;

/** What no header can hold is in Base64. */
function decoded(header: string | string[] | undefined): string | undefined {
  const text = [header].flat().join(', ');
  const encoded = /^=\?base64\?(.*)\?=$/.exec(text)?.[1];
  return header === undefined || encoded === undefined ? text : Buffer.from(encoded, 'base64').toString();
}

/** The revision that a handshake agrees on: the client's, if it is spoken here. */
export const versionFor = (params: RpcMessage['params']) =>
  handshakeVersions.find((each) => each === params?.['protocolVersion']) ?? handshakeVersions[0];

export const resultText = (id: RpcId, result: string) =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;

export const errorText = (id: RpcId | undefined, { code, message, data }: Omit<RpcRefusal, 'status' | 'name'>) =>
  JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } });
