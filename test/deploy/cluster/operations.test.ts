import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../../../schema/client/client.ts';
import { DashboardDocument, RegisterBikeDocument } from '../../../schema/client/generated/graphql.ts';
import { subgraphs } from '../../../schema/subgraphs.ts';
import { until } from '../../support/until.ts';
import { client, get, isReady, kubectl, namespace, podsOf, routerUrl, tryKubectl, untilRolledOut } from '../cluster.ts';
import { record } from '../record.ts';
import { startTraffic } from '../traffic.ts';

/** Everything here waits for controllers, which act in their own time. */
const patienceMs = 180_000;

const secondsSince = (startedAt: number) => Math.round((performance.now() - startedAt) / 100) / 10;

let operator: Client;
beforeAll(async () => {
  operator = await client('operator', 'operator');
});
afterAll(() => operator.close());

const register = async () => {
  const { registerBike } = await operator.request(RegisterBikeDocument, { input: { color: 'green' } });
  return registerBike.bike?.bikeId ?? 0;
};

describe('the settings', () => {
  it('reach the dashboard: the landscape is the one of the ConfigMap', async () => {
    const { items } = get<{ items: { metadata: { name: string }; data?: Record<string, string> }[] }>('configmaps');
    const landscape = items.find(({ metadata }) => metadata.name.startsWith('settings-'))?.data?.['LANDSCAPE'];
    expect(landscape).toBe('seoul-test');
    const { dashboard } = await operator.request(DashboardDocument, { first: 1, minutes: 1 });
    expect(dashboard.landscape).toBe(landscape);
    expect(await (await fetch(`${routerUrl}/config.json`)).json()).toMatchObject({ landscape });
  });
});

describe('a database pod that is deleted', () => {
  it('comes back with its volume, and the numbers of bikes go on', async () => {
    // A connection to a router that the rolling updates have replaced may be dead: a client asks again.
    const before = await register().catch(register);
    const [pod] = podsOf('mongodb').filter(({ metadata }) => metadata.name === 'mongodb-bike-0');
    kubectl('delete', 'pod', 'mongodb-bike-0', '--wait=false');
    const deletedAt = performance.now();
    await until(
      'another pod with the same volume is ready',
      () =>
        podsOf('mongodb').some(
          (other) =>
            other.metadata.name === 'mongodb-bike-0' && other.metadata.uid !== pod?.metadata.uid && isReady(other),
        ),
      patienceMs,
      500,
    );
    await until('the bike service can decide', () => podsOf('bike').every(isReady), patienceMs, 500);
    // Traffic follows readiness a little later.
    await until('bikes are answered', async () => (await answers('{ bike(bikeId: 1) { bikeId } }')).ok, patienceMs);
    const after = await register();
    record('database pod deleted', { bikeIdBefore: before, bikeIdAfter: after, seconds: secondsSince(deletedAt) });
    expect(after).toBe(before + 1);
  });
});

async function answers(query: string): Promise<{ ok: boolean }> {
  const body = JSON.stringify({ query });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${routerUrl}/graphql`, { method: 'POST', headers, body });
  return { ok: response.ok && !(await response.text()).includes('"errors"') };
}

describe('a disruption budget', () => {
  const evict = (pod: string) => {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
    return tryKubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction));
  };

  it('lets one pod of a service go, and refuses the second until another took its place', async () => {
    await untilRolledOut('bike');
    const [first, second] = podsOf('bike').map(({ metadata }) => metadata.name);
    expect(evict(first ?? '')).toMatchObject({ ok: true });
    const refused = evict(second ?? '');
    expect(refused.ok).toBe(false);
    expect(refused.output).toContain("Cannot evict pod as it would violate the pod's disruption budget");
    record('disruption budget', { refusal: refused.output.trim() });
    await until('two pods are ready again', () => podsOf('bike').filter(isReady).length === 2, patienceMs, 500);
    await until('the budget has room again', () => evict(second ?? '').ok, patienceMs, 500);
    await until('and again', () => podsOf('bike').filter(isReady).length === 2, patienceMs, 500);
  });
});

describe('a process that hangs', () => {
  it('is restarted, because its event loop does not turn', async () => {
    const pod = podsOf('approval').find(isReady);
    const name = pod?.metadata.name ?? '';
    const restarts = () =>
      podsOf('approval').find(({ metadata }) => metadata.name === name)?.status.containerStatuses?.[0]?.restartCount;
    const before = restarts() ?? NaN;
    process.kill(processOf(name), 'SIGSTOP');
    const stoppedAt = performance.now();
    await until('it was restarted', () => restarts() === before + 1, patienceMs, 500);
    const restartedAfter = secondsSince(stoppedAt);
    await until('it is ready again', () => podsOf('approval').some(isReady), patienceMs, 500);
    record('hung process', { secondsUntilRestarted: restartedAfter, secondsUntilReady: secondsSince(stoppedAt) });
  });
});

/** The main process of a pod, by the host name it was given: number 1 in a namespace below this one. */
function processOf(pod: string): number {
  const found = readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0');
      const [innermost] =
        /\d+$/m.exec(/^NSpid:.*$/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[0] ?? '') ?? [];
      return environment.includes(`HOSTNAME=${pod}`) && innermost === '1';
    } catch {
      return false;
    }
  });
  if (found.length !== 1) throw new Error(`${found.length} processes belong to ${pod}.`);
  return Number(found[0]);
}

describe('the autoscaler', () => {
  interface Scaler {
    status: {
      desiredReplicas: number;
      currentReplicas: number;
      currentMetrics?: { resource?: { current: { averageUtilization?: number } } }[];
      conditions?: { type: string; reason: string }[];
    };
  }
  const scaler = () => get<Scaler>('hpa', 'bike').status;

  it('follows the CPU that bike really uses to three pods, not beyond, and back to one', async () => {
    // As in the manifests, except for the minimum and for how long it waits before it scales down.
    const behavior = {
      scaleDown: { stabilizationWindowSeconds: 10, policies: [{ type: 'Pods', value: 2, periodSeconds: 15 }] },
    };
    kubectl('patch', 'hpa', 'bike', '--type=merge', '-p', JSON.stringify({ spec: { minReplicas: 1, behavior } }));
    await until('one pod is enough at rest', () => scaler().currentReplicas === 1, patienceMs, 1_000);
    const watch = watchPods();
    const { data } = get<{ data: Record<string, string> }>('secret', 'router-secret');
    const traffic = startTraffic({
      routerSecret: Buffer.from(data['ROUTER_SECRET'] ?? '', 'base64').toString(),
      url: `http://bike.${namespace}:${subgraphs.bike.port}/graphql`,
      query: hardWork,
      rate: 100,
    });
    await until('there are three', () => podsOf('bike').filter(isReady).length === 3, patienceMs, 1_000);
    await delay(20_000);
    const wanted = scaler().conditions?.find(({ type }) => type === 'ScalingLimited')?.reason;
    await traffic.stop();
    await until('one is enough again', () => podsOf('bike').length === 1, patienceMs, 1_000);
    const seen = watch.stop();
    record('autoscaler', { limit: wanted, seen });
    expect(Math.max(...seen.map(({ pods }) => pods))).toBe(3);
    expect(wanted).toBe('TooManyReplicas');
  });

  /** Checks the number of pods every second; reports changes, and the CPU behind them in percent of the request. */
  function watchPods() {
    const startedAt = performance.now();
    const seen: { atSeconds: number; pods: number; cpuPercent: number | undefined }[] = [];
    const look = () => {
      const pods = podsOf('bike').length;
      const cpuPercent = scaler().currentMetrics?.[0]?.resource?.current.averageUtilization;
      if (pods !== seen.at(-1)?.pods) seen.push({ atSeconds: secondsSince(startedAt), pods, cpuPercent });
    };
    const timer = setInterval(look, 1_000);
    return {
      stop: () => {
        clearInterval(timer);
        look();
        return seen;
      },
    };
  }
});

const names = Array.from({ length: 2_000 }, (_, index) => `name${index}: __typename`).join(' ');
/** Work for the event loop but not for a database: a long query that was never sent before. */
const hardWork = (request: number) => `{ ${names} request${request}: __typename }`;
