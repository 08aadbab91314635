import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import {
  BuyPointsDocument,
  DashboardDocument,
  DashboardUpdatedDocument,
  RegisterBikeDocument,
  ReserveBikeDocument,
} from '../../schema/client/generated/graphql.ts';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.ts';
import { startSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

describe('a reservation, while traces are collected', () => {
  let receiver: OtlpReceiver;
  let trace: ReceivedSpan[] = [];

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    const system = await startSystem({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } });
    const operator = await system.client('boss', 'operator');
    const rider = await system.client('10', 'rider');
    const { registerBike } = await operator.request(RegisterBikeDocument, { input: { color: 'green' } });
    await rider.request(BuyPointsDocument, { input: { price: 3000 } });
    // After the cursor: no event is missed, however late the subscription starts.
    const { dashboard } = await operator.request(DashboardDocument, {});
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { dashboardUpdated } of operator.subscribe(DashboardUpdatedDocument, {
        after: dashboard.cursor,
      })) {
        seen.push(dashboardUpdated.eventType);
      }
    })().catch(() => undefined);
    await rider.request(ReserveBikeDocument, { input: { bikeId: registerBike.bike?.bikeId ?? 0 } });
    await until('the screen shows it', () => seen.includes('ReservationConfirmed'));
    await system.close();
    await watching;
    const [edge] = receiver.spans.filter(
      ({ name, service }) => service === 'router' && name === 'mutation ReserveBike',
    );
    trace = receiver.spans.filter(({ traceId }) => traceId === edge?.traceId);
  }, 240_000);
  afterAll(() => receiver.close());

  const nameOf = ({ service, name }: ReceivedSpan) => `${service}: ${name}`;
  const parentOf = (span: ReceivedSpan) => trace.find(({ spanId }) => spanId === span.parentSpanId);

  it('is one trace, which the client began', () => {
    const roots = trace.filter((span) => !parentOf(span));
    expect(roots.map(nameOf)).toEqual(['router: mutation ReserveBike']);
    expect(roots[0]?.parentSpanId).toMatch(/^[0-9a-f]{16}$/);
    expect(trace.filter(({ failed }) => failed)).toEqual([]);
  });

  it.each([
    ['router: fetch reservation', 'router: mutation ReserveBike'],
    ['reservation: mutation ReserveBike', 'router: fetch reservation'],
    ['reservation: append ReservationRequested', 'reservation: mutation ReserveBike'],
    ['reservation: publish ReservationRequested', 'reservation: mutation ReserveBike'],
    ['point: handle ReservationRequested', 'reservation: mutation ReserveBike'],
    ['point: append PointsDeducted', 'point: handle ReservationRequested'],
    ['point: publish PointsDeducted', 'point: handle ReservationRequested'],
    ['reservation: handle PointsDeducted', 'point: handle ReservationRequested'],
    ['reservation: append ReservationConfirmed', 'reservation: handle PointsDeducted'],
    ['reservation: publish ReservationConfirmed', 'reservation: handle PointsDeducted'],
    ['dashboard: handle ReservationConfirmed', 'reservation: handle PointsDeducted'],
    ['dashboard: push DashboardUpdated', 'dashboard: handle ReservationConfirmed'],
    ['router: frame DashboardUpdated', 'dashboard: push DashboardUpdated'],
  ])('has "%s" under "%s"', (child, parent) => {
    const withoutPlan = (span: ReceivedSpan | undefined) =>
      span && nameOf(span).replace(/(DashboardUpdated)__.*/, '$1');
    const parents = trace.filter((span) => withoutPlan(span) === child).map((span) => withoutPlan(parentOf(span)));
    expect(parents).toContain(parent);
  });

  it('leaves no service out of the other traces', () => {
    const spanIds = new Set(receiver.spans.map(({ spanId }) => spanId));
    const lost = receiver.spans.filter(
      ({ parentSpanId, service }) => service !== 'router' && parentSpanId && !spanIds.has(parentSpanId),
    );
    expect(lost.map(nameOf)).toEqual([]);
  });
});

describe('without a collector', () => {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (/opentelemetry.(sdk-trace|exporter-trace)/.test(name)) process.stdout.write('loads ' + name + '\\n');
      return next(name, context);
    } });`;

  async function outputOfRouter(env: NodeJS.ProcessEnv): Promise<string> {
    const options = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, 'router/main.ts'];
    const child = spawn(process.execPath, options, {
      env: {
        PATH: process.env['PATH'],
        LANDSCAPE: 'development',
        ROUTER_PORT: '0',
        ...(await createDevelopmentKeys()),
        ...env,
      },
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    await until('the router is ready', () => output.includes('router is ready'));
    child.kill('SIGTERM');
    return output;
  }

  it('not even the libraries are loaded', async () => {
    expect(await outputOfRouter({})).not.toContain('loads');
    expect(await outputOfRouter({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })).toContain('loads');
  });
});
