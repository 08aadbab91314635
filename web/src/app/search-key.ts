/**
 * Whether keys ask for the search: Ctrl-K or ⌘K. Where the keyboard writes no Latin letters, or a Korean input method is
 * on, the same key is "ㅏ" or "Process": then its place counts. With Latin letters it does not, for on some keyboards
 * another letter is there.
 */
export function isSearchKey({ key, code, ctrlKey, metaKey, altKey, shiftKey }: Keys): boolean {
  if (altKey || shiftKey || !(ctrlKey || metaKey)) return false;
  return /^[a-z]$/i.test(key) ? key.toLowerCase() === 'k' : code === 'KeyK';
}

type Keys = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;
