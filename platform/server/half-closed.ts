import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** A client that has gone says so when it is written to the second time: its first wait. Each is twice the last. */
const askAgainMs = 100;

/** What asks a client in the middle of an answer: its protocol skips it. */
const questions = new WeakMap<ServerResponse, () => void>();

/**
 * A client may close its side once it has asked, and wait for the answer (`nc -N`, `shutdown(SHUT_WR)`). TCP does not
 * say whether it waits or has gone, until something is written to it. So it is asked, by an interim answer of HTTP
 * (102, which clients skip): one that waits gets its answer, one that has gone is found out, and its work given up.
 *
 * In the middle of an answer nothing can be asked but what `askInAnswer` was told: without it, the client is taken for
 * gone. Node, left alone, takes every client for gone.
 */
export function answerHalfClosed(server: Server, latest: WeakMap<Duplex, ServerResponse>): void {
  // Of Node's since 0.3, never documented; `half-closed.test.ts` would tell.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  server.on('connection', (socket) => socket.on('end', onEnd));
  function onEnd(this: Duplex) {
    const response = latest.get(this);
    if (!response || this.destroyed) return;
    response.shouldKeepAlive = false;
    askUntilAnswered(this);
  }
}

/** The answer whose turn it is: of requests in one packet the earlier ones are answered first. Node's, undocumented. */
const answerOn = (socket: Duplex) => (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage;

function askUntilAnswered(socket: Duplex): void {
  let timer: NodeJS.Timeout | undefined;
  socket.once('close', () => clearTimeout(timer));
  const askIn = (waitMs: number) => {
    const response = answerOn(socket);
    if (!response || socket.destroyed) return;
    if (!response.writableEnded) ask(response);
    timer = setTimeout(() => askIn(2 * waitMs), waitMs);
  };
  askIn(askAgainMs);
}

function ask(response: ServerResponse): void {
  const question = questions.get(response);
  if (question) return question();
  if (response.headersSent) return void response.destroy();
  // HTTP/1.0 has no interim answers.
  if (response.req.httpVersion !== '1.0') response.writeProcessing();
}

/** What to write to a client in the middle of this answer, so that it says whether it is there. */
export function askInAnswer(response: ServerResponse, question: () => void): void {
  questions.set(response, question);
}
