import { describe, expect, it } from '@jest/globals';
import { createMemory } from './memory.ts';

const refusing = (message: string) => () => {
  throw new DOMException(message, 'SecurityError');
};

function stored(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    key: (index) => [...items.keys()][index] ?? null,
    clear: () => items.clear(),
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

describe('what a page remembers', () => {
  const plain = stored();
  const full = stored();
  full.setItem('key', 'from before');
  full.setItem = refusing('full');
  const readOnly = stored();
  readOnly.setItem('key', 'from before');
  readOnly.setItem = readOnly.removeItem = refusing('read only');
  it.each([
    ['a browser that stores', () => plain],
    ['a browser that forbids it', refusing('forbidden')],
    ['a browser without it', () => undefined as unknown as Storage],
    ['a store that is full', () => full],
    ['a store that may only be read', () => readOnly],
  ] as const)('comes back in %s', (_name, storage) => {
    const memory = createMemory(storage);
    memory.set('key', 'first');
    memory.set('key', 'second');
    expect(memory.get('key')).toBe('second');
    expect(memory.keys()).toEqual(['key']);
    memory.forget('key');
    expect(memory.get('key')).toBeNull();
    expect(memory.keys()).toEqual([]);
    memory.set('key', 'third');
    expect(memory.get('key')).toBe('third');
    expect(memory.get('another')).toBeNull();
  });

  it('is read again from a store that is full', () => {
    const store = stored();
    store.setItem('key', 'from before');
    store.setItem = refusing('full');
    expect(createMemory(() => store).get('key')).toBe('from before');
  });
});
