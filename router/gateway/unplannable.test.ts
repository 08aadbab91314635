import { expect, it } from '@jest/globals';
import { createErrorFormatter } from '../client-errors.ts';
import { anybody, createTestDocuments, graph } from '../documents/testing.ts';
import type { Logger } from '../../platform/server/index.ts';
import { createCompiler } from './compiled.ts';
import { createOverrides } from './planning/overrides.ts';
import { combineHooks } from './hooks.ts';

it('a planner that fails is no mistake of the client, and the log says so, each time', async () => {
  const lines: unknown[] = [];
  const logger = { error: (...line: unknown[]) => void lines.push(line) } as unknown as Logger;
  const fault = new Error('a path of the planner’s own');
  const planner = { name: 'hive' as const, plan: () => Promise.reject(fault) };
  const compiler = createCompiler({
    graph,
    planner,
    overrides: createOverrides(graph),
    cacheBytes: 1_000_000,
    hooks: combineHooks([]),
    logger,
  });
  const checked = createTestDocuments().check({ query: 'query Time { serverTime }' }, anybody);
  if ('errors' in checked) throw new Error(String(checked.errors));
  for (const count of [1, 2]) {
    const error = await compiler.compile(checked.operation, {}).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(createErrorFormatter(logger)(error)).toEqual({
      message: 'The router cannot plan this operation. The log has why.',
      extensions: { code: 'INTERNAL_SERVER_ERROR' },
    });
    expect(lines).toHaveLength(count);
    expect(lines.at(-1)).toEqual([{ err: fault, operation: 'Time' }, 'a valid operation cannot be planned']);
  }
});
