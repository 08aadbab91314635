/**
 * `node deploy/kubernetes/secrets.ts [--members N] [--development]`: Secret manifests with new random passwords and keys,
 * for `kubectl -n <namespace> create -f -`. Run it once: a database keeps the password it was made with.
 *
 * `--only station` gives those of one subgraph that an installation does not have yet, for
 * `kubectl -n <namespace> apply --server-side -f -`, which adds its password to the broker's others.
 */
import { randomBytes } from 'node:crypto';
import { brokerUserNames, newBrokerPasswords, newPassword, passwordSetting } from '../broker/users.ts';
import { createDevelopmentKeys } from '../local/development-keys.ts';
import { readOptions, refuse } from '../../schema/script-options.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';

const { members, development, only } = readOptions({
  members: { type: 'string', default: '1' },
  development: { type: 'boolean', default: false },
  only: { type: 'string' },
});
if (only !== undefined && !subgraphNames.some((name) => name === only)) {
  refuse(`--only is "${only}". It must be one of ${subgraphNames.join(', ')}.`);
}
/** More than seven do not vote in a replica set, and an even number bears no more failures than one less. */
const possibleMembers = ['1', '3', '5', '7'];
if (!possibleMembers.includes(members)) {
  refuse(`--members is "${members}". It must be one of ${possibleMembers.join(', ')}.`);
}

/** In base64, not as `stringData`: that is not merged key by key when it is applied. */
const secret = (name: string, words: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, labels: { 'app.kubernetes.io/part-of': 'ttareungi' } },
  data: Object.fromEntries(Object.entries(words).map(([key, word]) => [key, Buffer.from(word).toString('base64')])),
});

function databaseSecret(service: string, members: number) {
  const host = `mongodb-${service}`;
  const hosts = Array.from({ length: members }, (_, index) => `${host}-${index}.${host}:27017`).join(',');
  const [username, word] = [service, newPassword()];
  return secret(`${service}-database`, {
    username,
    password: word,
    uri: `mongodb://${username}:${word}@${hosts}/?replicaSet=rs0&authSource=admin`,
    'replica-set-key': randomBytes(512).toString('base64'),
  });
}

const subgraphs = subgraphNames.filter((name) => only === undefined || name === only);
const databases = subgraphs.map((name) => databaseSecret(name, Number(members)));
const passwords = newBrokerPasswords();
const brokerUsers = only === undefined ? brokerUserNames : subgraphs;
const wordOf = (user: string) => passwords[user] ?? '';
/** The broker knows all of them, a service its own. */
const broker = [
  secret('broker', Object.fromEntries(brokerUsers.map((user) => [passwordSetting(user), wordOf(user)]))),
  ...subgraphs.map((name) => secret(`${name}-broker`, { NATS_USERNAME: name, NATS_PASSWORD: wordOf(name) })),
];

async function developmentSecrets() {
  const { JWT_PUBLIC_KEY, DEV_TOKEN_PRIVATE_KEY } = await createDevelopmentKeys();
  return [secret('token-verification', { JWT_PUBLIC_KEY }), secret('development-keys', { DEV_TOKEN_PRIVATE_KEY })];
}

const router = secret('router-secret', { ROUTER_SECRET: newPassword() });

const shared = only === undefined ? [router, ...(development ? await developmentSecrets() : [])] : [];
console.log(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...databases, ...broker, ...shared] }, null, 2));
