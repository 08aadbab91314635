/**
 * `node deploy/compose-keys.ts <folder>`: creates, where they are missing, the credentials of the development landscape's containers, as
 * files for `node --env-file`: `development.env` has the token keys and the router's secret, `broker.env` the passwords
 * of all broker users, `<subgraph>.env` that of one of them.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { subgraphNames } from '../schema/subgraphs.ts';
import { brokerUserNames, newBrokerPasswords, newPassword, passwordSetting } from './broker/users.ts';
import { createDevelopmentKeys } from './local/development-keys.ts';

const folder = process.argv[2] ?? '.';
// Containers read them as users of their own; the volume is theirs alone.
const write = (name: string, settings: Record<string, string | undefined>) =>
  writeFileSync(
    join(folder, `${name}.env`),
    Object.entries(settings)
      .map(([setting, value]) => `${setting}='${value ?? ''}'\n`)
      .join(''),
  );

if (!existsSync(join(folder, 'development.env'))) {
  write('development', { ...(await createDevelopmentKeys()), ROUTER_SECRET: newPassword() });
}
const brokerFile = join(folder, 'broker.env');
const known = existsSync(brokerFile) ? parseEnv(readFileSync(brokerFile, 'utf8')) : {};
// A subgraph that came with an update has none yet; the others keep theirs.
if (!brokerUserNames.every((user) => known[passwordSetting(user)])) {
  const made = newBrokerPasswords();
  const passwordOf = (user: string) => known[passwordSetting(user)] ?? made[user];
  for (const name of subgraphNames) write(name, { NATS_USERNAME: name, NATS_PASSWORD: passwordOf(name) });
  // Written last: if it names all, the others are there too.
  write('broker', Object.fromEntries(brokerUserNames.map((user) => [passwordSetting(user), passwordOf(user)])));
}
