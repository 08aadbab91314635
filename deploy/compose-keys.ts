/**
 * `node deploy/compose-keys.ts <folder>`: makes, once, what the containers of the development landscape sign in with, as
 * files for `node --env-file`: `development.env` signs and checks tokens and lets the router into
 * the subgraphs, `broker.env` has the password of each of the
 * broker's users, `<subgraph>.env` that of one of them.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
if (!existsSync(join(folder, 'broker.env'))) {
  const passwords = newBrokerPasswords();
  for (const name of subgraphNames) write(name, { NATS_USERNAME: name, NATS_PASSWORD: passwords[name] });
  // The last one: whoever finds it finds all of them.
  write('broker', Object.fromEntries(brokerUserNames.map((user) => [passwordSetting(user), passwords[user]])));
}
