/**
 * `node deploy/compose-keys.ts <folder>`: creates, once, the credentials of the development landscape's containers, as
 * files for `node --env-file`: `development.env` has the token keys and the router's secret, `broker.env` the passwords
 * of all broker users, `<subgraph>.env` that of one of them.
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
  // Written last: if it exists, the others do too.
  write('broker', Object.fromEntries(brokerUserNames.map((user) => [passwordSetting(user), passwords[user]])));
}
