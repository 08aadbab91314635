import { describe, expect, it } from '@jest/globals';
import { createLruCache } from './lru-cache.ts';

describe('the cache', () => {
  it('evicts what was not used for longest', () => {
    const cache = createLruCache<string, number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    expect(cache.get('a')).toBe(1);
    expect(cache.has('b')).toBe(true);
    cache.set('c', 3);
    expect(['a', 'b', 'c'].map(cache.has)).toEqual([true, false, true]);
  });

  it('knows what is missing elsewhere from what it does not know', () => {
    const cache = createLruCache<string, number | undefined>(2);
    cache.set('missing', undefined);
    expect([cache.get('missing'), cache.has('missing'), cache.has('unknown')]).toEqual([undefined, true, false]);
  });

  it('is limited by weight, and does not keep what weighs more', () => {
    const cache = createLruCache<string, string>(5, (text) => text.length);
    cache.set('a', 'xxx');
    cache.set('b', 'xx');
    cache.set('a', 'xx');
    cache.set('c', 'x');
    expect(['a', 'b', 'c'].map(cache.has)).toEqual([true, true, true]);
    cache.set('d', 'xxxxxx');
    expect(['a', 'b', 'c', 'd'].map(cache.has)).toEqual([false, false, false, false]);
    cache.set('e', 'xxxxx');
    expect(cache.has('e')).toBe(true);
  });

  it('counts from nothing after it was cleared', () => {
    const cache = createLruCache<string, number>(1);
    cache.set('a', 1);
    cache.clear();
    expect(cache.has('a')).toBe(false);
    cache.set('b', 2);
    expect(cache.get('b')).toBe(2);
  });
});
