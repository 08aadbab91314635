import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, get, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { textFrame } from '../../platform/server/socket-frames.ts';
import { changeTo, subscription } from './shop.ts';

/**
 * The least that a fan-out in Node costs: the shop's price to every client by a loop that only writes. It completes
 * nothing, checks nothing, and knows the answer. `bare.ts <supergraph file> <port>`
 */
const [, , supergraphFile = '', port = '0'] = process.argv;
const sockets = new Map<Duplex, string>();
const streams = new Set<ServerResponse>();

const server = createServer((request, response) => {
  request.resume();
  if (request.headers.accept !== 'text/event-stream') return void response.end('{"data":{}}');
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  streams.add(response);
  response.on('close', () => streams.delete(response));
});

server.on('upgrade', (request, socket) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n` +
      `sec-websocket-protocol: graphql-transport-ws\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  // The listeners mask with zeros, and send a frame at a time.
  socket.on('data', (chunk: Buffer) => {
    const text = chunk.toString('latin1');
    if (text.includes('connection_init')) socket.write(textFrame('{"type":"connection_ack"}'), 'latin1');
    const id = /"id":"([^"]+)"/.exec(text)?.[1];
    if (id !== undefined) sockets.set(socket, `{"id":"${id}","type":"next","payload":`);
  });
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => sockets.delete(socket));
});

function send(price: number): void {
  const answer = JSON.stringify({ data: changeTo(price) });
  for (const [socket, prefix] of sockets) socket.write(textFrame(`${prefix}${answer}}`), 'latin1');
  const event = `event: next\ndata: ${answer}\n\n`;
  for (const response of streams) response.write(event, 'latin1');
}

const products = /name: "products", url: "([^"]+)"/.exec(readFileSync(supergraphFile, 'utf8'))?.[1] ?? '';
get(`${products}?query=${encodeURIComponent(subscription.replace(/ inStock.*/, ' } }'))}`, (events) => {
  events.setEncoding('utf8').on('data', (text: string) => {
    for (const [, price] of text.matchAll(/"price":(\d+)/g)) send(Number(price));
  });
});
server.listen(Number(port), '127.0.0.1');
