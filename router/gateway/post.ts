import type { Dispatcher } from 'undici';
import type { Unwanted } from '../../platform/server/index.ts';
import { BrokenConnection } from './retry.ts';

/** An answer over HTTP, whatever its status. */
export interface Posted {
  status: number;
  text: string;
}

export interface PostOptions {
  dispatcher: Dispatcher;
  path: string;
  /** For the whole answer. */
  timeoutMs: number;
  maxAnswerBytes: number;
}

/**
 * Sends a body and gathers the answer. Undici's `dispatch` takes half the CPU time of its `request`, which makes a
 * stream of each answer.
 */
export function createPost({ dispatcher, path, timeoutMs, maxAnswerBytes }: PostOptions) {
  /**
   * @throws {BrokenConnection} when not a byte of an answer came.
   * @throws {Error} when there is no whole answer in time, or `signal` is aborted.
   */
  return (body: string, headers: string[], signal?: Unwanted, withinMs = timeoutMs): Promise<Posted> =>
    new Promise((resolve, reject) => {
      let controller: Dispatcher.DispatchController | undefined;
      let status = 0;
      let size = 0;
      const chunks: Buffer[] = [];
      let stopped = false;
      const stop = (reason: Error) => {
        stopped = true;
        if (controller) controller.abort(reason);
        else fail(reason);
      };
      const onAbort = () => stop(new Error('The request is not wanted any more.'));
      const late = setTimeout(() => stop(new Error(`There was no answer within ${timeoutMs} ms.`)), withinMs);
      const end = () => {
        clearTimeout(late);
        signal?.removeEventListener('abort', onAbort);
      };
      function fail(error: Error): void {
        end();
        reject(error);
      }
      signal?.addEventListener('abort', onAbort);
      dispatcher.dispatch(
        { path, method: 'POST', headers, body },
        {
          onRequestStart(given) {
            controller = given;
            // It waited for a connection until then: what was told to have failed must not be done later.
            if (stopped) given.abort(new Error('It was given up before it was sent.'));
            else if (signal?.aborted) onAbort();
          },
          onResponseStart(_controller, statusCode) {
            status = statusCode;
          },
          onResponseData(given, chunk) {
            size += chunk.length;
            if (size > maxAnswerBytes) given.abort(new Error(`The answer is longer than ${maxAnswerBytes} bytes.`));
            else chunks.push(chunk);
          },
          onResponseEnd() {
            end();
            const [first] = chunks;
            const whole = chunks.length === 1 && first ? first : Buffer.concat(chunks, size);
            resolve({ status, text: whole.toString('utf8') });
          },
          onResponseError(_controller, error) {
            const isBroken = !stopped && status === 0;
            fail(isBroken ? new BrokenConnection(error.message, { cause: error }) : error);
          },
        },
      );
    });
}
