import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createOperationLabel } from './operation-label.ts';

const labelOf = createOperationLabel(new Set(['Board', 'a'.repeat(64), 'b'.repeat(65)]));

describe('the label of an operation', () => {
  it('is the name of one of ours, in a subgraph the one that the client gave', () => {
    expect(['Board', 'Board__bike__0', 'Board__point__12'].map(labelOf)).toEqual(['Board', 'Board', 'Board']);
    expect(labelOf('a'.repeat(64))).toBe('a'.repeat(64));
  });

  it.each([[null], [undefined], ['']])('is anonymous for %p', (name) => {
    expect(labelOf(name)).toBe('anonymous');
  });

  it('is `other` for whatever clients make up, at once', () => {
    const names = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1 }).map((text) => `Board__${text}`),
      fc.nat({ max: 400_000 }).map((length) => 'a__'.repeat(length + 22)),
      fc.constantFrom(
        'Invented',
        'board',
        'Board__',
        'Board__bike__',
        'Board__bike__99999',
        'b'.repeat(65),
        '__proto__',
      ),
    );
    const startedAt = performance.now();
    fc.assert(fc.property(names, (name) => labelOf(name) === 'other' || /^Board(__[a-z]+__\d{1,4})?$/.test(name)));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
