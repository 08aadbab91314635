import type { ApolloServerPlugin } from '@apollo/server';
import type { ProcessSettings } from './config.ts';
import { readTraceparent, toTraceparent } from './correlation.ts';
import type { Logger } from './logger.ts';
import type { OperationLabel } from './operation-label.ts';

/**
 * Spans of one service, sent to any collector that speaks OTLP over HTTP. The W3C `traceparent` travels between
 * services: in headers of requests, in events, and so in the journal.
 */
export interface Tracing {
  /** False without a collector: then no span is made, and a `traceparent` is forwarded as it came. */
  readonly on: boolean;
  /** Starts a span under `parent`, or a new trace. */
  begin(name: string, parent: string | undefined, details?: Details): Span;
  /** Does the work in a span; its effects continue from the `traceparent` it is given. */
  trace<Result>(
    name: string,
    parent: string | undefined,
    details: Details,
    work: (traceparent: string | undefined) => Promise<Result>,
  ): Promise<Result>;
  /** Sends the remaining spans. */
  close(): Promise<void>;
}

export interface Span {
  readonly traceparent: string | undefined;
  rename(name: string): void;
  /** @param problem why it failed, in a word: a code or an error's name. */
  end(problem?: string): void;
}

/** The attributes of a span: ids and names, never payloads. */
export type Details = Record<string, string | number>;

const ignore = () => undefined;

/** Tracing without a collector. */
export const noTracing: Tracing = {
  on: false,
  begin: (_name, parent) => ({ traceparent: parent, rename: ignore, end: ignore }),
  trace: (_name, parent, _details, work) => work(parent),
  close: async () => undefined,
};

export type TracingSettings = Pick<
  ProcessSettings,
  'LANDSCAPE' | 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_EXPORTER_OTLP_TIMEOUT' | 'TRACE_RATIO'
>;

const reportEveryMs = 60_000;

/** Without OTEL_EXPORTER_OTLP_ENDPOINT there is no tracing, and its libraries are not even loaded. */
export async function createTracing(settings: TracingSettings, service: string, logger: Logger): Promise<Tracing> {
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return noTracing;
  const [{ ROOT_CONTEXT, SpanStatusCode, trace }, sdk, { OTLPTraceExporter }, { Resource }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const timeoutMillis = settings.OTEL_EXPORTER_OTLP_TIMEOUT;
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis });
  const provider = new sdk.BasicTracerProvider({
    resource: new Resource({ 'service.name': service, 'deployment.environment': settings.LANDSCAPE }),
    // By the trace's id alone, so that all services keep the same traces, whatever a client asks for.
    sampler: new sdk.TraceIdRatioBasedSampler(settings.TRACE_RATIO),
    spanProcessors: [new sdk.BatchSpanProcessor(reporting(exporter, logger))],
  });
  const tracer = provider.getTracer('ttareungi');

  function contextOf(parent: string | undefined) {
    const context = readTraceparent(parent);
    return context ? trace.setSpanContext(ROOT_CONTEXT, { ...context, isRemote: true }) : ROOT_CONTEXT;
  }

  const begin: Tracing['begin'] = (name, parent, attributes = {}) => {
    const span = tracer.startSpan(name, { attributes }, contextOf(parent));
    return {
      traceparent: toTraceparent(span.spanContext()),
      rename: (better) => void span.updateName(better),
      end(problem) {
        if (problem !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
        span.end();
      },
    };
  };

  return {
    on: true,
    begin,
    async trace(name, parent, details, work) {
      const span = begin(name, parent, details);
      try {
        const result = await work(span.traceparent);
        span.end();
        return result;
      } catch (error) {
        span.end(error instanceof Error ? error.name : 'Error');
        throw error;
      }
    },
    close: () => provider.shutdown().catch(ignore),
  };
}

/** Spans that do not arrive are lost; a log line says so to those who look for them. */
function reporting<Exporter extends { export(spans: never, done: (result: ExportOutcome) => void): void }>(
  exporter: Exporter,
  logger: Logger,
): Exporter {
  let reportedAt = -Infinity;
  const send = exporter.export.bind(exporter);
  exporter.export = (spans, done) => {
    send(spans, (result) => {
      if (result.error && performance.now() - reportedAt > reportEveryMs) {
        reportedAt = performance.now();
        logger.warn({ err: result.error }, 'the collector does not take the spans; they are lost');
      }
      done(result);
    });
  };
  return exporter;
}

interface ExportOutcome {
  code: number;
  error?: Error;
}

interface Traced {
  correlationId: string;
  traceparent: string | undefined;
}

/** A span for each query and mutation; its resolvers' effects continue from there. */
export function traceRequests<Context extends Traced>(
  tracing: Tracing,
  labelOf: OperationLabel,
): ApolloServerPlugin<Context> {
  if (!tracing.on) return {};
  return {
    async requestDidStart({ contextValue }) {
      // Made for this request alone.
      const context: Traced = contextValue;
      const span = tracing.begin('request', context.traceparent, { correlationId: context.correlationId });
      context.traceparent = span.traceparent;
      return {
        async didResolveOperation({ operation, operationName }) {
          span.rename(`${operation?.operation ?? 'request'} ${labelOf(operationName)}`);
        },
        async willSendResponse({ response: { body } }) {
          const [error] = (body.kind === 'single' ? body.singleResult.errors : body.initialResult.errors) ?? [];
          const code = error?.extensions?.['code'];
          span.end(error && (typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR'));
        },
      };
    },
  };
}
