import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { onPath } from '../../deploy/local/processes.ts';
import { subgraphNames, subgraphs, routerPort } from '../../schema/subgraphs.ts';
import { buildOverlay, overlays } from './tool.ts';

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  spec: Record<string, unknown> & { template: { spec: { containers: Container[] } } };
}

interface Container {
  name: string;
  args: string[];
  ports: { name: string; containerPort: number }[];
  env?: { name: string; value?: string }[];
}

const manifestsIn = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as Manifest);

const withKubectl = onPath('kubectl', process.env) ? describe : describe.skip;

withKubectl.each(overlays)('the %s overlay (needs kubectl)', (overlay) => {
  const manifests: Manifest[] = [];
  beforeAll(() => {
    manifests.push(...manifestsIn(buildOverlay(overlay)));
  });
  const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);

  it('deploys the router and the six subgraphs on their ports, each as itself', () => {
    const deployed = ofKind('Deployment').map(({ metadata, spec }) => {
      const [container] = spec.template.spec.containers;
      return [metadata.name, container?.args, container?.ports[0]?.containerPort];
    });
    const expected = [
      ...subgraphNames.map((name) => [name, ['subgraphs/main.ts', name], subgraphs[name].port]),
      ['router', ['--max-semi-space-size=16', 'router/main.ts'], routerPort],
    ];
    expect(deployed.sort()).toEqual(expected.sort());
  });

  it('gives every Deployment three probes, a way out, limits, no rights, an autoscaler of at most 3 and a budget', () => {
    const names = [...subgraphNames, 'router'].sort();
    for (const { spec } of ofKind('Deployment')) {
      expect(spec).toMatchObject({ strategy: { rollingUpdate: { maxUnavailable: 0 } } });
      expect(spec.template.spec).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true },
        containers: [
          {
            startupProbe: { httpGet: { path: '/healthz' } },
            livenessProbe: { httpGet: { path: '/healthz' } },
            readinessProbe: { httpGet: { path: '/readyz' } },
            lifecycle: { preStop: { sleep: {} } },
            resources: { requests: {}, limits: {} },
            securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
          },
        ],
      });
    }
    const scalers = ofKind('HorizontalPodAutoscaler');
    expect(scalers.map(({ metadata }) => metadata.name).sort()).toEqual(names);
    for (const { metadata, spec } of scalers) {
      expect(spec).toMatchObject({ maxReplicas: 3, scaleTargetRef: { name: metadata.name } });
    }
    const budgets = ofKind('PodDisruptionBudget').map(({ metadata }) => metadata.name);
    expect(budgets).toEqual(expect.arrayContaining(names));
  });

  it('keeps a database and a volume for each service, and the broker, in as many members as the landscape needs', () => {
    const members = overlay === 'production' ? 3 : 1;
    const expected = [...subgraphNames.map((name) => `mongodb-${name}`), 'nats'].map((name) => [name, members]);
    const sets = ofKind('StatefulSet');
    expect(sets.map(({ metadata, spec }) => [metadata.name, spec['replicas']]).sort()).toEqual(expected.sort());
    for (const { metadata, spec } of sets) {
      expect(spec['volumeClaimTemplates']).toMatchObject([{ metadata: { name: 'data' } }]);
      const { env, args } = spec.template.spec.containers[0] ?? { args: [] };
      const isDatabase = metadata.name !== 'nats';
      if (isDatabase) expect(env).toContainEqual({ name: 'MEMBERS', value: String(members) });
      else expect(args).toContain(members > 1 ? '/settings/cluster.conf' : '/settings/one.conf');
    }
  });

  it('lets the broker fill nine tenths of its volume', () => {
    const spec = ofKind('StatefulSet').find(({ metadata }) => metadata.name === 'nats')?.spec;
    const limit = spec?.template.spec.containers[0]?.env?.find(({ name }) => name === 'MAX_FILE_STORE')?.value;
    const [claim] = spec?.['volumeClaimTemplates'] as { spec: { resources: { requests: { storage: string } } } }[];
    const gibibytes = (size = '') => Number(/^(\d+)Gi$/.exec(size)?.[1]);
    expect(gibibytes(limit)).toBe(gibibytes(claim?.spec.resources.requests.storage) * 0.9);
  });

  it('lets only the router reach subgraphs, and only each service its database', () => {
    const policy = (name: string) => ofKind('NetworkPolicy').find(({ metadata }) => metadata.name === name)?.spec;
    expect(policy('nothing-by-default')).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const component = (name: string) => ({ matchLabels: { 'app.kubernetes.io/component': name } });
    expect(policy('only-the-router-reaches-subgraphs')).toMatchObject({
      podSelector: component('subgraph'),
      ingress: [{ from: [{ podSelector: component('router') }] }],
    });
    for (const name of subgraphNames) {
      const database = {
        matchLabels: { 'app.kubernetes.io/component': 'database', 'app.kubernetes.io/instance': name },
      };
      expect(policy(`only-${name}-reaches-its-database`)).toMatchObject({
        podSelector: database,
        ingress: [
          {
            from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': name } } }, { podSelector: database }],
          },
        ],
      });
    }
  });
});

describe('the image', () => {
  it('exposes the port of each subgraph, and the router’s', () => {
    const dockerfile = readFileSync(join(import.meta.dirname, '../../deploy/Dockerfile'), 'utf8');
    const exposed = /^EXPOSE (.+)$/m.exec(dockerfile)?.[1]?.split(' ').map(Number);
    const ports = [...Object.values(subgraphs).map(({ port }) => port), routerPort];
    expect(exposed).toEqual(ports.toSorted((one, other) => one - other));
  });
});
