import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on standard output: a fixed phrase, and everything variable as a field. */
export function createLogger(level: string, service: string): Logger {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: 'message',
    // A driver's error carries the documents it was about: log its message and stack, never payloads.
    serializers: { err: (error: unknown) => (error instanceof Error ? summaryOf(error) : error) },
  });
}

function summaryOf({ name, message, stack }: Error) {
  return { type: name, message, stack };
}
