import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { startOtlpReceiver, type OtlpReceiver } from '../../test/support/otlp-receiver.ts';
import { processSettings, readConfig } from './config.ts';
import { createTracing, noTracing } from './tracing.ts';

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const warnings: string[] = [];
const logger = pino({ messageKey: 'message' }, { write: (line) => void warnings.push(line) });
const tracingWith = (env: NodeJS.ProcessEnv) => createTracing(readConfig(processSettings, env), 'bike', logger);

describe('tracing', () => {
  let receiver: OtlpReceiver;
  beforeEach(async () => {
    warnings.length = 0;
    receiver = await startOtlpReceiver();
  });
  afterEach(() => receiver.close());

  it('is off without a collector, and hands on what came', async () => {
    const tracing = await tracingWith({});
    expect(tracing).toBe(noTracing);
    expect(tracing.begin('a', parent).traceparent).toBe(parent);
    expect(await tracing.trace('a', parent, {}, async (traceparent) => traceparent)).toBe(parent);
  });

  it('sends a span under the one that it was given, with the service it is of', async () => {
    const tracing = await tracingWith({ OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/` });
    const handedOn = await tracing.trace(
      'append',
      parent,
      { document: 'bike-1@1' },
      async (traceparent) => traceparent,
    );
    await tracing.close();
    const [, traceId, parentSpanId] = parent.split('-');
    expect(receiver.spans).toMatchObject([{ service: 'bike', name: 'append', traceId, parentSpanId, failed: false }]);
    expect(handedOn).toBe(`00-${traceId ?? ''}-${receiver.spans[0]?.spanId ?? ''}-01`);
  });

  it('says that a span failed, and lets the error through', async () => {
    const tracing = await tracingWith({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    const failing = tracing.trace('append', undefined, {}, async () => {
      throw new RangeError('no');
    });
    await expect(failing).rejects.toThrow(RangeError);
    await tracing.close();
    expect(receiver.spans).toMatchObject([{ name: 'append', parentSpanId: undefined, failed: true }]);
  });

  it.each(['', 'nonsense', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331', `${parent}-more`])(
    'begins a trace of its own where the parent is %j',
    async (broken) => {
      const tracing = await tracingWith({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
      tracing.begin('a', broken).end();
      await tracing.close();
      expect(receiver.spans).toMatchObject([{ parentSpanId: undefined }]);
    },
  );

  it('keeps a share of the traces, the same in every service, and hands the others on unsampled', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, TRACE_RATIO: '0.5' };
    const [one, other] = [await tracingWith(env), await tracingWith(env)];
    for (let count = 0; count < 100; count += 1) {
      const span = one.begin('first', undefined);
      other.begin('second', span.traceparent).end();
      span.end();
      expect(span.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    }
    await Promise.all([one.close(), other.close()]);
    const tracesOf = (name: string) =>
      receiver.spans.filter((span) => span.name === name).map(({ traceId }) => traceId);
    expect(tracesOf('second').sort()).toEqual(tracesOf('first').sort());
    expect(tracesOf('first').length).toBeGreaterThan(20);
    expect(tracesOf('first').length).toBeLessThan(80);
  });

  it('warns when the collector is away, and ends all the same', async () => {
    const tracing = await tracingWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    tracing.begin('a', undefined).end();
    await tracing.close();
    expect(warnings.map((line) => JSON.parse(line) as object)).toMatchObject([
      { message: 'the collector does not take the spans; they are lost' },
    ]);
  });

  it('says what is wrong with its settings', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318', TRACE_RATIO: '2' };
    expect(() => readConfig(processSettings, env)).toThrow(/OTEL_EXPORTER_OTLP_ENDPOINT.*\nTRACE_RATIO/);
  });
});
