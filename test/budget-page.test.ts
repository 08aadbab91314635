import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { storyBudget } from '../bench/story.ts';

describe('docs/budget.md', () => {
  it('explains every line of the budget, and no other', () => {
    const page = readFileSync(`${import.meta.dirname}/../docs/budget.md`, 'utf8');
    const rows = [...page.matchAll(/^\| `(.+?)` +\| (\d+) +\|/gm)].map(([, line, count]) => [line, Number(count)]);
    expect(rows).toEqual(Object.entries(storyBudget));
  });
});
