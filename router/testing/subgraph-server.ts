import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { subgraphSdl, type SubgraphName } from '../../schema/subgraphs.ts';
import { graphqlRoute } from '../../platform/server/apollo-route.ts';
import { sendJson, type TokenVerifier, type Viewer } from '../../platform/server/index.ts';

export interface TestContext {
  viewer: Viewer | null;
}

/** A subgraph with the project's real schema, resolvers of the test, and graphql-ws as the reference server. */
export interface TestSubgraph {
  url: string;
  /** Headers of every GraphQL request over HTTP, in order. */
  requests: IncomingHttpHeaders[];
  /** How many of them were aborted before their answer. */
  abandoned(): number;
  /** Sockets that were ever opened, and `connection_init` payloads they brought. */
  connections: (Record<string, unknown> | undefined)[];
  openSockets(): number;
  /** As when the process is killed: every connection breaks. */
  stop(): Promise<void>;
  /** On the same port again. */
  start(): Promise<void>;
}

export const startTestSubgraph = (
  name: SubgraphName,
  resolvers: Record<string, unknown>,
  verifyToken: TokenVerifier,
): Promise<TestSubgraph> => startSubgraph(subgraphSdl(name), resolvers, verifyToken);

/** A subgraph with any schema. */
export async function startSubgraph(
  sdl: string,
  resolvers: Record<string, unknown>,
  verifyToken: TokenVerifier = async () => null,
): Promise<TestSubgraph> {
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as Record<string, never> }]);
  let port = 0;
  let running: { close(): Promise<void>; sockets: WebSocketServer } | undefined;
  const requests: IncomingHttpHeaders[] = [];
  let abandoned = 0;
  const connections: TestSubgraph['connections'] = [];

  async function listen() {
    const apollo = new ApolloServer<TestContext>({
      schema,
      stopOnTerminationSignals: false,
      plugins: [ApolloServerPluginInlineTraceDisabled()],
    });
    await apollo.start();
    const route = graphqlRoute({
      apollo,
      contextOf: async ({ headers }, gone) => {
        requests.push(headers);
        gone.addEventListener('abort', () => (abandoned += 1));
        return { viewer: await verifyToken(headers.authorization) };
      },
      maxBodyBytes: 1_000_000,
    });
    const server = createServer((request, response) => {
      if (request.url === '/readyz') return sendJson(response, 200, { status: 'ready' });
      void route(request, response);
    });
    const sockets = new WebSocketServer({ server, path: '/graphql' });
    const disposable = useServer<{ authorization?: string }>(
      {
        schema,
        onConnect: ({ connectionParams }) => void connections.push(connectionParams),
        context: async ({ connectionParams }) => ({ viewer: await verifyToken(connectionParams?.authorization) }),
      },
      sockets,
    );
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    return {
      sockets,
      close: async () => {
        for (const socket of sockets.clients) socket.terminate();
        await disposable.dispose();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await apollo.stop();
      },
    };
  }

  running = await listen();
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    requests,
    abandoned: () => abandoned,
    connections,
    openSockets: () => running?.sockets.clients.size ?? 0,
    async stop() {
      await running?.close();
      running = undefined;
    },
    async start() {
      running ??= await listen();
    },
  };
}
