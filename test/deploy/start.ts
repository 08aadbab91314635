import { createServer } from 'node:http';
import { brokerUserNames, passwordSetting } from '../../deploy/broker/users.ts';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { until } from '../support/until.ts';
import { apply, client, kubectl, namespace, untilRolledOut } from './cluster.ts';
import { cursorOf } from './subscriber.ts';

const secret = (name: string, stringData: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  stringData,
});

/** Where pods find this process. */
const host = '10.77.0.1';
const paymentPort = 9300;

/** The payment provider is a third party: here it accepts every card. */
async function startPaymentProvider(): Promise<void> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"approved":true}');
  });
  await new Promise<void>((resolve) => server.listen(paymentPort, host, resolve));
  server.unref();
}

/** Applies the overlay and waits until everything serves. TOKEN_KEY has the key with which tests sign tokens. */
export default async function start(): Promise<void> {
  await startPaymentProvider();
  const keys = await createDevelopmentKeys();
  process.env['TOKEN_KEY'] = keys.DEV_TOKEN_PRIVATE_KEY;
  const databases = subgraphNames.map((name) => {
    const uri = `mongodb://mongodb-${name}:27017/?directConnection=true`;
    return secret(`${name}-database`, { uri, username: name, password: 'unused', 'replica-set-key': 'unused' });
  });
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    ...databases,
    secret('broker', Object.fromEntries(brokerUserNames.map((user) => [passwordSetting(user), `word-of-${user}`]))),
    ...subgraphNames.map((name) => secret(`${name}-broker`, { NATS_USERNAME: name, NATS_PASSWORD: `word-of-${name}` })),
    secret('router-secret', { ROUTER_SECRET: 'a-word-of-the-routers' }),
    secret('token-verification', { JWT_PUBLIC_KEY: keys.JWT_PUBLIC_KEY }),
    secret('payments', { PAYMENT_PROVIDER_URL: `http://${host}:${paymentPort}/charges` }),
  ];
  apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  kubectl('apply', '--server-side', '--validate=strict', '-k', 'test/deploy/overlay');
  await untilRolledOut(...subgraphNames, 'router');
  await untilTheDashboardAnswers();
}

/** A pod gets its traffic a little after it becomes ready, as in a real cluster. */
async function untilTheDashboardAnswers(): Promise<void> {
  const operator = await client('operator', 'operator');
  await until('the dashboard answers', () =>
    cursorOf(operator).then(
      () => true,
      () => false,
    ),
  );
  operator.close();
}
