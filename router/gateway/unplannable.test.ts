import { describe, expect, it } from '@jest/globals';
import { createErrorFormatter } from '../client-errors.ts';
import { anybody, createTestDocuments, graph } from '../documents/testing.ts';
import type { Logger } from '../../platform/server/index.ts';
import { createCompiler } from './compiled.ts';
import { createOverrides } from './planning/overrides.ts';
import { PlannerDied, PlanTimeout } from './planning/planner.ts';
import { combineHooks } from './hooks.ts';

/** What a client is told whose operation a planner fails at like this, and what the log says. */
async function failing(fault: Error) {
  const lines: unknown[] = [];
  const log =
    (level: string) =>
    (...line: unknown[]) =>
      void lines.push([level, ...line]);
  const logger = { error: log('error'), warn: log('warn') } as unknown as Logger;
  const compiler = createCompiler({
    graph,
    planner: { name: 'hive' as const, plan: () => Promise.reject(fault) },
    overrides: createOverrides(graph),
    cacheBytes: 1_000_000,
    hooks: combineHooks([]),
    logger,
  });
  const checked = createTestDocuments().check({ query: 'query Time { serverTime }' }, anybody);
  if ('errors' in checked) throw new Error(String(checked.errors));
  const { operation } = checked;
  const ask = async () => {
    const error = await compiler.compile(operation, {}).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return createErrorFormatter(logger)(error);
  };
  return { ask, lines };
}

describe('an operation that is not planned', () => {
  it('is no mistake of the client where the planner fails, and the log says so, each time', async () => {
    const fault = new Error('a path of the planner’s own');
    const { ask, lines } = await failing(fault);
    for (const count of [1, 2]) {
      expect(await ask()).toEqual({
        message: 'The router cannot plan this operation. The log has why.',
        extensions: { code: 'INTERNAL_SERVER_ERROR' },
      });
      expect(lines).toHaveLength(count);
      expect(lines.at(-1)).toEqual(['error', { err: fault, operation: 'Time' }, 'a valid operation cannot be planned']);
    }
  });

  it.each([new PlanTimeout('late'), new PlannerDied('killed')])(
    'may be asked again later where there was %s',
    async (fault) => {
      const { ask, lines } = await failing(fault);
      expect(await ask()).toEqual({
        message: 'The router could not plan this operation in time. Try again later.',
        extensions: { code: 'SERVICE_UNAVAILABLE' },
      });
      expect(lines).toEqual([['warn', { err: fault, operation: 'Time' }, 'an operation could not be planned in time']]);
    },
  );
});
