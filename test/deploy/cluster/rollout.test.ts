import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../../../schema/client/client.ts';
import {
  BuyPointsDocument,
  CancelReservationDocument,
  RegisterBikeDocument,
  ReserveBikeDocument,
} from '../../../schema/client/generated/graphql.ts';
import { until } from '../../support/until.ts';
import { client, get, kubectl, routerUrl, untilRolledOut } from '../cluster.ts';
import { record } from '../record.ts';
import { cursorOf, openSubscriber, readAgain } from '../subscriber.ts';
import { startTraffic } from '../traffic.ts';

const rate = Number(process.env['DEPLOY_RATE'] ?? 200);
const times = Number(process.env['DEPLOY_ROLLOUTS'] ?? 1);

/** A single rider would claim more often than MAX_CLAIMS_PER_MINUTE allows. */
const riderCount = 20;

let operator: Client;
let riders: Client[] = [];
let bikeId = 0;
let versions = 0;

beforeAll(async () => {
  operator = await client('operator', 'operator');
  riders = await Promise.all(Array.from({ length: riderCount }, (_, n) => client(`rollout-${n}`, 'rider')));
  const { registerBike } = await operator.request(RegisterBikeDocument, { input: { color: 'green' } });
  bikeId = registerBike.bike?.bikeId ?? 0;
  for (const rider of riders) await rider.request(BuyPointsDocument, { input: { price: 1_000_000 } });
});

afterAll(() => {
  for (const each of [operator, ...riders]) each.close();
});

/** A new tag: another pod template, as every deploy is. */
async function rollOut(name: string): Promise<void> {
  versions += 1;
  kubectl('set', 'image', `deployment/${name}`, `service=ttareungi:0.2.${versions}`);
  await untilRolledOut(name);
}

const query = `{ bike(bikeId: 1) { bikeId color isAvailable } }`;

/** Reserves and cancels until stopped; every request must be answered. */
function startStories() {
  const stop = new AbortController();
  let stories = 0;
  const running = (async () => {
    for (; !stop.signal.aborted; stories += 1) {
      const rider = riders[stories % riderCount] ?? operator;
      const { reserveBike } = await rider.request(ReserveBikeDocument, { input: { bikeId } });
      const reserveNo = reserveBike.reservation?.reserveNo ?? 0;
      expect(reserveBike.refusal).toBeNull();
      const { cancelReservation } = await rider.request(CancelReservationDocument, { input: { reserveNo } });
      expect(cancelReservation.refusal).toBeNull();
    }
  })();
  // Awaited at the end; until then a failure must not end the process.
  running.catch(() => undefined);
  return {
    async stop() {
      stop.abort();
      await running;
      return stories;
    },
  };
}

describe('a rolling update under load', () => {
  for (const name of ['bike', 'reservation', 'router']) {
    it(`of ${name} fails no request, and its subscriber misses and repeats no event`, async () => {
      const from = await cursorOf(operator);
      const subscriber = openSubscriber(operator, from);
      const traffic = startTraffic({ url: `${routerUrl}/graphql`, query, rate });
      const stories = startStories();
      for (let count = 0; count < times; count += 1) await rollOut(name);
      const told = await stories.stop();
      const result = await traffic.stop();
      // Requested, deducted, confirmed, cancelled, restored: at least.
      await until('the subscriber has seen every story', () => subscriber.events.length >= told * 5, 60_000);
      subscriber.stop();
      const { length: events } = subscriber.events;
      record(`rolling update of ${name}`, {
        times,
        rate,
        ...result,
        stories: told,
        events,
        reconnections: subscriber.reconnections,
      });

      expect(result).toMatchObject({ failed: 0, errors: {} });
      expect(result.requests).toBeGreaterThan(rate * 5);
      expect(told).toBeGreaterThan(0);
      expect(subscriber.events).toEqual(await readAgain(operator, from, subscriber.events.length));
      expect(new Set(subscriber.events).size).toBe(subscriber.events.length);
      if (name === 'router') expect(subscriber.reconnections).toBeGreaterThan(0);
    });
  }
});

interface Deployment {
  spec: { template: { spec: { containers: Container[] } } };
}
interface Container {
  lifecycle?: object | undefined;
  env: { name: string; value?: string }[];
}

describe('the same test without what makes a rolling update safe', () => {
  const templateOf = (name: string) => get<Deployment>('deployment', name).spec.template;
  const replaceTemplate = async (template: object) => {
    const patch = [{ op: 'replace', path: '/spec/template', value: template }];
    kubectl('patch', 'deployment', 'router', '--type=json', '-p', JSON.stringify(patch));
    await untilRolledOut('router');
  };

  const controls: [what: string, change: (container: Container) => Container][] = [
    // Without readiness nothing failed at this rate, since the router listens half a second after its start.
    [
      'draining',
      (container) => ({
        ...container,
        lifecycle: undefined,
        env: [...container.env, { name: 'STOP_DELAY_MS', value: '0' }],
      }),
    ],
  ];

  it.each(controls)('fails requests: %s', async (what, change) => {
    const template = templateOf('router');
    const containers = template.spec.containers.map(change);
    await replaceTemplate({ ...template, spec: { ...template.spec, containers } });
    try {
      const traffic = startTraffic({ url: `${routerUrl}/graphql`, query, rate });
      await rollOut('router');
      const result = await traffic.stop();
      record(`rolling update of router without ${what}`, { rate, ...result });
      expect(result.failed).toBeGreaterThan(0);
    } finally {
      await replaceTemplate(template);
    }
  });
});
