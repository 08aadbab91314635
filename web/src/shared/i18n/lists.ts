import type { Language } from './language.ts';

const lists = { ko: new Intl.ListFormat('ko'), en: new Intl.ListFormat('en') };

/** `a, b 및 c`; `a, b, and c`. */
export function listed(items: readonly string[], language: Language): string {
  return lists[language].format(items);
}
