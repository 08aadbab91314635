import { expect, it } from '@jest/globals';
import { createBusyOperations } from './busy-operations.ts';

const operation = (key: string) => ({ key, query: `{ ${key} }`, name: undefined, conditions: [] });

it('names the busiest operations first, a hundred of them, and what was busy long ago after what is now', () => {
  const busy = createBusyOperations();
  for (let n = 1; n <= 150; n += 1) for (let time = 0; time < n; time += 1) busy.count(operation(`n${n}`), {});
  const names = () => busy.busiest().map(({ query }) => query);
  expect(names()).toEqual(Array.from({ length: 100 }, (_, n) => `{ n${150 - n} }`));
  for (let time = 0; time < 100; time += 1) busy.count(operation('now'), {});
  expect(names()[0]).toBe('{ now }');
});
