import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { GraphQLError, OperationTypeNode } from 'graphql';
import {
  abortedBy,
  holdWhileWaiting,
  HttpRefusal,
  placeFor,
  readBody,
  sendRefusal,
  sendText,
  type RequestHandler,
  type Unwanted,
} from '../../platform/server/index.ts';
import type { ErrorFormatter } from '../client-errors.ts';
import type { Refused as RefusedDocument } from '../documents/documents.ts';
import { bodyOf, type Answer } from '../gateway/asked.ts';
import type { RequestContext } from '../gateway/request-context.ts';
import type { Generation } from '../supergraph/generation.ts';
import type { RouterGuest } from './admission.ts';
import {
  createFormFor,
  plainForm,
  statusOfAnswer,
  statusOfRefused,
  type AnswerForm,
  type Refused,
  type StatusText,
} from './answer-form.ts';
import { refuseForeignPage, requestInBody, requestInSearch, requireJson } from './graphql-request.ts';
import { createPartsResponse, partsFormFor } from './answer-parts.ts';
import type { Rates } from './rates.ts';

export interface GraphqlHttpOptions {
  /** The generation to begin with. */
  current(): Pick<Generation, 'documents' | 'engine'>;
  /** May throw a client error. `gone` is aborted when no client waits for the answer any more. */
  contextOf(request: IncomingMessage, gone: Unwanted): Promise<RequestContext>;
  guestOf(request: IncomingMessage): Promise<RouterGuest>;
  rates: Pick<Rates, 'refuse'>;
  maxBodyBytes: number;
  statuses: StatusText;
  formatError: ErrorFormatter;
  /** Called with the code of a request that is refused before it is run. */
  onRefused(code: string): void;
}

/** An operation that is not run. */
class OperationRefused extends Error {
  readonly document: RefusedDocument;
  constructor(document: RefusedDocument) {
    super();
    this.document = document;
  }
}

/** A method that is not the one for what is asked. */
class MethodRefused extends HttpRefusal {
  readonly allow: string;
  constructor(message: string, allow: string) {
    super(405, 'BAD_REQUEST', message);
    this.allow = allow;
  }
}

/** Queries and mutations over HTTP ("GraphQL over HTTP"): by POST as JSON, queries by GET as well. */
export function createGraphqlHttp(options: GraphqlHttpOptions): RequestHandler {
  const { current, contextOf, guestOf, rates, maxBodyBytes, formatError, onRefused } = options;
  const formFor = createFormFor(options.statuses);

  async function serve(request: IncomingMessage, response: ServerResponse, form: AnswerForm): Promise<void> {
    const gone = abortedBy(response);
    const isPost = isByPost(request);
    if (isPost) requireJson(request);
    else refuseForeignPage(request);
    const guest = await guestOf(request);
    const asked = isPost
      ? requestInBody(await readBody(request, maxBodyBytes, guest))
      : requestInSearch(request.url ?? '');
    // Kept until the execution has ended, even when the client is gone: it costs until then.
    const place = placeFor(guest, 'operations');
    let answer: Answer;
    try {
      const context = await contextOf(request, gone);
      const { documents, engine } = current();
      const checked = documents.check(asked, context);
      if ('errors' in checked) throw new OperationRefused(checked);
      const { operation, coerced: variables, cost } = checked;
      refuseType(operation.operation.operation, isPost);
      const tooOften = rates.refuse(guest.client, operation);
      if (tooOften) throw new OperationRefused({ errors: [tooOften] });
      const { extensions } = checked;
      const parts = request.method === 'HEAD' ? undefined : partsFormFor(request.headers.accept);
      const inParts = parts && createPartsResponse(response, guest, parts);
      const answered = await engine.run(
        { operation, variables, cost },
        { ...context, cost },
        inParts && ((part) => inParts.send(inParts.begun() ? part : { ...part, extensions })),
      );
      if (inParts?.begun()) return inParts.end();
      answer = extensions ? { ...answered, extensions } : answered;
    } finally {
      place.leave();
    }
    if (gone.aborted) return;
    const headers = { 'content-type': form.contentType, 'cache-control': 'no-store' };
    await sendText(request, response, bodyOf(answer), { status: statusOfAnswer(answer, form), headers });
    holdWhileWaiting(response, guest);
  }

  /** An exception of ours is told as such by the error's format. */
  function refusedBecause(error: unknown): Refused {
    if (error instanceof HttpRefusal) {
      const { status, message, code } = error;
      return { status, errors: [{ message, extensions: { code } }], isOperation: false };
    }
    if (error instanceof OperationRefused) {
      const errors = error.document.errors.map((each) => formatError(each));
      const isOperation = errors[0]?.extensions?.['code'] !== 'BAD_REQUEST';
      return { status: isOperation ? (error.document.status ?? statusOfDocument(errors)) : 422, errors, isOperation };
    }
    const isOurs = !(error instanceof GraphQLError) || error.extensions['code'] === 'INTERNAL_SERVER_ERROR';
    return { status: isOurs ? 500 : 400, errors: [formatError(error)], isOperation: false };
  }

  return async (request, response) => {
    const { accept } = request.headers;
    // What takes parts takes an answer that is whole.
    const form = formFor(accept) ?? (partsFormFor(accept) && plainForm);
    try {
      // Before the work: a client that takes no answer needs none.
      if (!form) throw new HttpRefusal(406, 'BAD_REQUEST', notAcceptable);
      await serve(request, response, form);
    } catch (error) {
      // A client that left hears nothing, and that is no mistake of ours.
      if (request.destroyed && !request.complete) return void response.destroy();
      const refused = refusedBecause(error);
      onRefused(String(refused.errors[0]?.extensions?.['code']));
      const { contentType } = form ?? plainForm;
      const headers: OutgoingHttpHeaders = { 'content-type': contentType, 'cache-control': 'no-store' };
      if (error instanceof MethodRefused) headers['allow'] = error.allow;
      const status = statusOfRefused(refused, form ?? plainForm);
      sendRefusal(request, response, { status, body: { errors: refused.errors }, headers });
    }
  };
}

const notAcceptable =
  'Answers are application/json or application/graphql-response+json, in parts multipart/mixed with incrementalSpec=v0.2 or deferSpec=20220824; "Accept" takes none of these.';

/** @throws {MethodRefused} */
function isByPost({ method }: IncomingMessage): boolean {
  if (method === 'POST') return true;
  // Node sends no body in answer to a HEAD.
  if (method === 'GET' || method === 'HEAD') return false;
  throw new MethodRefused('GraphQL is asked for by POST, or by GET.', 'GET, HEAD, POST');
}

const howToSubscribe =
  'Subscribe over WebSocket (graphql-transport-ws), or with "Accept: text/event-stream" or "Accept: multipart/mixed;subscriptionSpec=1.0", the first that it names.';

/** @throws {HttpRefusal} */
function refuseType(type: OperationTypeNode, isPost: boolean): void {
  if (type === OperationTypeNode.SUBSCRIPTION) {
    throw new HttpRefusal(400, 'BAD_REQUEST', howToSubscribe);
  }
  if (!isPost && type !== OperationTypeNode.QUERY) throw new MethodRefused('A mutation is sent by POST.', 'POST');
}

/** A text that does not parse is 400, a document that does not fit 422. */
function statusOfDocument([first]: Refused['errors']): number {
  return first?.extensions?.['code'] === 'GRAPHQL_PARSE_FAILED' ? 400 : 422;
}
