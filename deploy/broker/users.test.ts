import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { clusterUsers, clusterUsersFile } from './cluster-users.ts';
import { brokerEnvironment, brokerUserNames, brokerUsers, newBrokerPasswords } from './users.ts';

const users = brokerUsers({ stream: 'EVENTS', prefix: 'evt' });

describe('the users of the broker', () => {
  it('stand in the settings of clusters as in the list (node deploy/broker/main.ts)', () => {
    expect(readFileSync(clusterUsersFile, 'utf8')).toBe(clusterUsers());
  });

  it('publish events of nobody else, and may do nothing everywhere', () => {
    for (const { name, publish } of users) {
      const events = publish.filter((subject) => subject.startsWith('evt.'));
      expect(events.every((subject) => subject === `evt.${name}.>`)).toBe(true);
      expect(
        publish.filter((subject) => /^(>|\*|\$JS\.(>|API\.>|API\.(STREAM|CONSUMER)\.>)|evt-svc\.[>*])/.test(subject)),
      ).toEqual([]);
      expect(publish.filter((subject) => /\.(DELETE|PURGE|UPDATE|MSG\.DELETE)\b/.test(subject))).toEqual([]);
    }
  });

  it('have passwords of their own, which a subgraph gets by its name', () => {
    const passwords = newBrokerPasswords();
    expect(new Set(Object.values(passwords)).size).toBe(brokerUserNames.length);
    const environment = brokerEnvironment(passwords);
    for (const name of subgraphNames) {
      expect(environment[`${name.toUpperCase()}_NATS_USERNAME`]).toBe(name);
      expect(environment[`${name.toUpperCase()}_NATS_PASSWORD`]).toBe(passwords[name]);
    }
    expect(Object.values(environment)).not.toContain(passwords['watcher']);
  });

  it.each(subgraphNames)('are known to %s in Kubernetes by its own secret', (name) => {
    const file = join(import.meta.dirname, `../kubernetes/base/${name}/kustomization.yaml`);
    expect(readFileSync(file, 'utf8')).toContain(`envFrom/2/secretRef/name, value: ${name}-broker }`);
  });
});
