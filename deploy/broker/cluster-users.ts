import { join } from 'node:path';
import { brokerAuthorization, passwordSetting } from './users.ts';

/** Beside the other settings of the broker in Kubernetes; compose uses it too. */
export const clusterUsersFile = join(import.meta.dirname, '../kubernetes/base/nats/users.conf');

export function clusterUsers(): string {
  const authorization = brokerAuthorization({ stream: 'EVENTS', prefix: 'evt' }, (user) => `$${passwordSetting(user)}`);
  return `# Made by node deploy/broker/main.ts from deploy/broker/users.ts; passwords come from the container's environment.\n${authorization}`;
}
