import { EventEmitter, on } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { composeServices } from '@apollo/composition';
import { execute, parse, subscribe, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { nowMs } from './clock.ts';
import { shop, type ShopSubgraph } from './shop.ts';

/**
 * The shop's subgraphs, in a process of their own: they work an answer out once and give its bytes from then on, so
 * that the gateway is what is measured. Says where they are by a message to the parent. Live prices are offered over
 * WebSocket and as server-sent events, whichever a gateway takes.
 */
const latencyMs = Number(process.argv[2] ?? 0);
let requests = 0;
const answers = new Map<string, Buffer>();

const prices = new EventEmitter().setMaxListeners(0);

async function* subscribeToPrices() {
  for await (const [price] of on(prices, 'price')) yield { priceChanged: { upc: 'p1', price: price as number } };
}

/** A server of a subgraph. More than one while it moves. */
async function serve(subgraph: ShopSubgraph) {
  const server = createServer((request, response) => {
    const inAddress = new URL(request.url ?? '/', 'http://here').searchParams.get('query');
    if (inAddress !== null) return void stream(subgraph.schema, inAddress, response);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests += 1;
      const body = Buffer.concat(chunks).toString('latin1');
      if (body.includes('"subscription')) {
        return void stream(subgraph.schema, (JSON.parse(body) as { query: string }).query, response);
      }
      const key = subgraph.name + body.replace(/"tag":"\d*"/, '');
      void answerOf(key, subgraph.schema, body).then((answer) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
        response.end(answer);
      });
    });
  });
  server.keepAliveTimeout = 60_000;
  useServer({ schema: subgraph.schema }, new WebSocketServer({ server }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { subgraph, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql` };
}

const servers = await Promise.all(shop(subscribeToPrices).map(serve));
const left: Server[] = [];

/** Serves a subgraph at another address as well, which the supergraph then says. */
async function move(index: number): Promise<void> {
  const old = servers[index % servers.length];
  if (!old) return;
  left.push(old.server);
  servers[index % servers.length] = await serve(old.subgraph);
  process.send?.({ supergraphSdl: supergraph() });
}

/** Ends the servers that subgraphs moved from, as a release does: they take nothing new, and finish what they have. */
async function leave(): Promise<void> {
  const closed = left.splice(0).map((server) => new Promise((resolve) => server.close(resolve)));
  await Promise.all(closed);
  process.send?.({ left: closed.length });
}

async function answerOf(key: string, schema: GraphQLSchema, body: string): Promise<Buffer> {
  if (latencyMs > 0) await delay(latencyMs);
  const known = answers.get(key);
  if (known) return known;
  const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> };
  const result = await execute({ schema, document: parse(query), variableValues: variables ?? {} });
  if (result.errors) throw new Error(String(result.errors));
  const answer = Buffer.from(JSON.stringify(result));
  answers.set(key, answer);
  return answer;
}

/** Server-sent events. */
async function stream(schema: GraphQLSchema, query: string, response: ServerResponse): Promise<void> {
  const events = (await subscribe({ schema, document: parse(query) })) as AsyncGenerator<ExecutionResult>;
  response.on('close', () => void events.return(undefined));
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  for await (const event of events) response.write(`event: next\ndata: ${JSON.stringify(event)}\n\n`);
}

function supergraph(): string {
  const { supergraphSdl, errors } = composeServices(
    servers.map(({ subgraph: { name, typeDefs }, url }) => ({ name, typeDefs, url })),
  );
  if (!supergraphSdl) throw new Error(String(errors));
  return supergraphSdl;
}

process.on('message', (message: 'count' | 'leave' | { price: number } | { move: number }) => {
  if (message === 'count') {
    process.send?.({ requests });
    requests = 0;
  } else if (message === 'leave') void leave();
  else if ('move' in message) void move(message.move);
  else {
    process.send?.({ publishedAtMs: nowMs() });
    prices.emit('price', message.price);
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ supergraphSdl: supergraph() });
