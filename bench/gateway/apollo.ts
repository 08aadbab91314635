import { readFileSync } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

/** @apollo/gateway as it comes, behind Apollo Server as it comes. */
const [, , supergraphFile = '', port = '0'] = process.argv;
const server = new ApolloServer({
  gateway: new ApolloGateway({ supergraphSdl: readFileSync(supergraphFile, 'utf8') }),
});
await startStandaloneServer(server, { listen: { port: Number(port), host: '127.0.0.1' } });
