/** `node deploy/broker/main.ts`: writes the users of clusters; their passwords come from the broker's environment. */
import { writeFileSync } from 'node:fs';
import { clusterUsers, clusterUsersFile } from './cluster-users.ts';

writeFileSync(clusterUsersFile, clusterUsers());
