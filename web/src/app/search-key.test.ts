import { describe, expect, it } from '@jest/globals';
import { isSearchKey } from './search-key.ts';

const pressed = { key: 'k', code: 'KeyK', ctrlKey: true, metaKey: false, altKey: false, shiftKey: false };

describe('the search', () => {
  it.each([
    ['Ctrl-K', {}],
    ['⌘K', { ctrlKey: false, metaKey: true }],
    ['Ctrl-K with capitals locked', { key: 'K' }],
    ['Ctrl-K on a Korean keyboard', { key: 'ㅏ' }],
    ['⌘K on a Korean keyboard', { key: 'ㅏ', ctrlKey: false, metaKey: true }],
    ['Ctrl-K in an input method', { key: 'Process' }],
    ['Ctrl-K on a Cyrillic keyboard', { key: 'л' }],
    ['Ctrl-K where K is elsewhere (Dvorak)', { code: 'KeyV' }],
  ])('is asked for by %s', (_keys, change) => {
    expect(isSearchKey({ ...pressed, ...change })).toBe(true);
  });

  it.each([
    ['K alone', { ctrlKey: false }],
    ['ㅏ alone', { key: 'ㅏ', ctrlKey: false }],
    ['Ctrl-Shift-K', { shiftKey: true }],
    ['Ctrl-Alt-K', { altKey: true }],
    ['Ctrl-T on the key where others have K (Dvorak)', { key: 't' }],
    ['Ctrl-ㅣ, another Korean letter', { key: 'ㅣ', code: 'KeyL' }],
  ])('is not asked for by %s', (_keys, change) => {
    expect(isSearchKey({ ...pressed, ...change })).toBe(false);
  });
});
