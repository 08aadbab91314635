import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { HttpRefusal, isMediaType } from '../../platform/server/index.ts';
import type { OperationRequest } from '../documents/documents.ts';

/** Statuses are the draft's of 2026 ("GraphQL over HTTP"); answer-form.ts says who gets which. */
const badRequest = (status: 400 | 415 | 422, message: string) => new HttpRefusal(status, 'BAD_REQUEST', message);

/** Headers that a page of another site cannot send without asking first (CORS). */
const preflightHeaders = ['x-apollo-operation-name', 'apollo-require-preflight'];
/** Content types that it can. */
const simpleTypes = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/**
 * Refuses a GET that a page of another site could send unasked, from inside its reader's network ("cross-site request
 * forgery"). A browser says whose page it is (Fetch Metadata, over HTTPS and on this machine); a program says nothing.
 *
 * Over plain HTTP, and before 2023, a browser says nothing either, and its GET passes: "GraphQL over HTTP" lets clients
 * ask with no header but Accept, and its audits do. It brings no token (none is in a cookie), changes nothing (mutations
 * are sent by POST), and its page cannot read the answer; what the query costs counts for its reader's address.
 *
 * @throws {HttpRefusal}
 */
export function refuseForeignPage({ headers }: IncomingMessage): void {
  if (!isOfForeignPage(headers) || preflightHeaders.some((name) => headers[name])) return;
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== undefined && !simpleTypes.includes(type)) return;
  throw badRequest(
    400,
    `Another site's page could have sent this request. Send it by POST, or with one of the headers ${preflightHeaders.join(', ')}.`,
  );
}

function isOfForeignPage({ origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  return site === undefined ? origin !== undefined : site !== 'same-origin' && site !== 'none';
}

/** A type that pages of other sites cannot send without asking first. @throws {HttpRefusal} 415. */
export function requireJson({ headers }: IncomingMessage): void {
  if (isMediaType(headers['content-type'], 'application/json')) return;
  throw badRequest(415, 'A POST has the "Content-Type: application/json", in UTF-8.');
}

/** The request in a body. Of two values under one key the last counts, as everywhere in JavaScript. @throws {HttpRefusal} */
export function requestInBody(body: string): OperationRequest {
  const given = jsonOf('The body', body.charCodeAt(0) === byteOrderMark ? body.slice(1) : body);
  if (Array.isArray(given))
    throw badRequest(400, 'Several requests in one ("batching") are not taken: send each alone.');
  if (!isRecord(given)) throw badRequest(422, 'The body is a JSON object with a "query".');
  return operationRequest(given);
}

const byteOrderMark = 0xfeff;

/** The request in the search of an address; an empty parameter counts as absent. @throws {HttpRefusal} */
export function requestInSearch(address: string): OperationRequest {
  const search = address.split('?').slice(1).join('?');
  const params = new URLSearchParams(search);
  const given: Record<string, unknown> = {};
  for (const name of ['query', 'documentId', 'operationName', 'variables', 'extensions']) {
    const [value, ...others] = params.getAll(name);
    if (others.length > 0) throw badRequest(422, `"${name}" may be given once.`);
    if (!value) continue;
    // Bytes that are no UTF-8 would be read as something else.
    if (value.includes('\ufffd') && !/%ef%bf%bd|\ufffd/i.test(search)) throw badRequest(400, `"${name}" is not UTF-8.`);
    given[name] = name === 'variables' || name === 'extensions' ? jsonOf(`"${name}"`, value) : value;
  }
  return operationRequest(given);
}

function jsonOf(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest(400, `${what} is not JSON.`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

function operationRequest(given: Record<string, unknown>): OperationRequest {
  const { query, documentId, operationName, variables, extensions } = given;
  if (!isAbsent(query) && typeof query !== 'string') throw badRequest(422, '"query" must be the text of a document.');
  if (!isAbsent(documentId) && typeof documentId !== 'string') throw badRequest(422, '"documentId" must be a string.');
  if (!isAbsent(operationName) && typeof operationName !== 'string') {
    throw badRequest(422, '"operationName" must be a string.');
  }
  if (!isAbsent(variables) && !isRecord(variables)) throw badRequest(422, '"variables" must be an object.');
  if (!isAbsent(extensions) && !isRecord(extensions)) throw badRequest(422, '"extensions" must be an object.');
  return { query: query ?? undefined, documentId: documentId ?? undefined, operationName, variables, extensions };
}
