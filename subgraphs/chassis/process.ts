/** The chassis' smaller door: what any process needs, the router included. It loads neither MongoDB nor NATS. */
export * from './auth.ts';
export * from './config.ts';
export * from './correlation.ts';
export * from './errors.ts';
export * from './exposition.ts';
export * from './http.ts';
export * from './logger.ts';
export * from './lru-cache.ts';
export * from './operation-label.ts';
export * from './request-metrics.ts';
export * from './scalars.ts';
export * from './stop.ts';
export * from './tracing.ts';
