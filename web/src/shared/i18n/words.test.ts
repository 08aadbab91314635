import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sharedWords } from './shared.ts';

type Sentences = Record<string, unknown>;
interface Languages {
  ko: Sentences;
  en: Sentences;
}

const source = join(import.meta.dirname, '../..');
const files = readdirSync(source, { recursive: true })
  .map(String)
  .filter((file) => /(^|[/-])(words|shared)\.ts$/.test(file));

async function languagesOf(file: string): Promise<Languages> {
  const module = (await import(join(source, file))) as Record<string, unknown>;
  const found = Object.values(module).find((value): value is Languages => isObject(value) && 'ko' in value);
  if (!found) throw new Error(`${file} has no sentences.`);
  return found;
}

const isObject = (value: unknown): value is Sentences => typeof value === 'object' && value !== null;

/** `steps.start` and the like, with what stands there. */
function entriesOf(sentences: Sentences, path = ''): [string, unknown][] {
  return Object.entries(sentences).flatMap(([key, value]) =>
    isObject(value) ? entriesOf(value, `${path}${key}.`) : [[`${path}${key}`, value] as [string, unknown]],
  );
}

/** Sentences of figures, times or names are told with this one in each place. */
function textOf(sentence: unknown, value = '3'): string {
  if (typeof sentence !== 'function') return String(sentence);
  const say = sentence as (...values: unknown[]) => unknown;
  try {
    return String(say(value, value, value, value));
  } catch {
    // A list of names.
    return String(say([value]));
  }
}

/** Named like values of a server, but a page itself says which there are. */
const ofPages: ReadonlySet<string> = new Set(['parkedStatus', 'nothingParked', 'badPosition']);

const hangul = /\p{Script=Hangul}/u;

describe.each(files)('the sentences of %s', (file) => {
  it('are there in both languages, none of them empty', async () => {
    const { ko, en } = await languagesOf(file);
    expect(entriesOf(en).map(([key]) => key)).toEqual(entriesOf(ko).map(([key]) => key));
    for (const [key, sentence] of [...entriesOf(ko), ...entriesOf(en)]) {
      expect([key, textOf(sentence).trim()]).not.toEqual([key, '']);
    }
  });

  it('have words for what a newer server says: pages stay open while servers are updated', async () => {
    const isValue = (key: string) => /^[A-Z_]+$/.test(key);
    const tablesIn = (sentences: Sentences): Sentences[] =>
      Object.entries(sentences).flatMap(([name, part]) => {
        if (!isObject(part) || ofPages.has(name)) return [];
        return Object.keys(part).every(isValue) ? [part] : tablesIn(part);
      });
    const { ko, en } = await languagesOf(file);
    for (const [language, tables] of Object.entries({ ko: tablesIn(ko), en: tablesIn(en) })) {
      for (const table of tables) {
        const [known] = Object.values(table);
        const heard = table['HEARD_LATER'];
        expect([language, Object.keys(table), typeof heard]).toEqual([language, Object.keys(table), typeof known]);
        if (isObject(known)) expect(Object.keys(heard as Sentences)).toEqual(Object.keys(known));
        else expect(textOf(heard)).not.toBe('');
      }
    }
  });

  it('are in the language that they are said to be in', async () => {
    const { en } = await languagesOf(file);
    const korean = entriesOf(en).filter(([, sentence]) => hangul.test(textOf(sentence)));
    expect(korean).toEqual([]);
  });

  it('count one thing as one, in English', async () => {
    const { en } = await languagesOf(file);
    const several = /\b1 (?!is |has |ms\b)(?:\w+ )?\w*[^\Wsiu]s\b|\b1 (?:are|were|have)\b/;
    expect(entriesOf(en).filter(([, sentence]) => several.test(textOf(sentence, '1')))).toEqual([]);
  });
});

it('a sentence that several pages say is a shared one', async () => {
  const places = new Map<string, Set<string>>();
  for (const file of files) {
    const { ko, en } = await languagesOf(file);
    const english = new Map(entriesOf(en));
    for (const [key, sentence] of entriesOf(ko)) {
      const text = `${textOf(sentence)} | ${textOf(english.get(key))}`;
      places.set(text, (places.get(text) ?? new Set()).add(file));
    }
  }
  // A short label may mean another thing on another page, and change with it.
  const isSentence = (text: string) => /^.{10,}$/.test(text.split(' | ')[1] ?? '');
  expect([...places].filter(([text, { size }]) => size > 1 && isSentence(text)).map(([text]) => text)).toEqual([]);
});

it('every part of the site has its sentences', () => {
  expect(files.sort()).toEqual([
    'features/dashboard/words.ts',
    'features/developers/words.ts',
    'features/fleet/move-words.ts',
    'features/fleet/station-words.ts',
    'features/fleet/words.ts',
    'features/ride/words.ts',
    'features/search/words.ts',
    'shared/i18n/shared.ts',
    'shared/stations/words.ts',
  ]);
});

it('has a Korean name for every event: any of them can be parked', () => {
  const events = readdirSync(join(source, '../../schema/events/samples')).map((file) => file.replace('.json', ''));
  expect(events.filter((event) => !hangul.test(sharedWords.ko.event(event)))).toEqual([]);
});

it.each(['ko', 'en'] as const)('tells an error that passes in words, and another by its code, in %s', (language) => {
  const { error } = sharedWords[language];
  for (const code of ['HTTP_502', 'HTTP_503', 'HTTP_504']) expect(error(code, '')).toBe(error('CONNECTION_LOST', ''));
  for (const code of ['TOO_MANY_REQUESTS', 'CONFLICT', 'SERVICE_UNAVAILABLE'])
    expect(error(code, '')).not.toContain(code);
  expect(error('UNKNOWN', '')).toMatch(/\(UNKNOWN\)\.$/);
  expect(error('HTTP_418', 'A teapot.')).toMatch(/\(HTTP_418\): A teapot\.$/);
});
