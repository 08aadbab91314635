import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const source = join(import.meta.dirname, '../..');
const files = readdirSync(source, { recursive: true })
  .map(String)
  .filter((file) => /\.(css|tsx?)$/.test(file) && !file.endsWith('.test.ts'));
const textOf = new Map(files.map((file) => [file, readFileSync(join(source, file), 'utf8')]));
const sheets = files.filter((file) => file.endsWith('.css'));
const components = files.filter((file) => file.endsWith('.tsx'));

/** Classes that GraphiQL and its editor wear; the playground only corrects their looks. */
const foreign = /^(graphiql-.*|monaco-editor|view-lines?|line-numbers|dimmed-line-number|mtk\d+)$/;

/** What a file imports of these files: at its top, or when it is needed. */
function importsOf(file: string): string[] {
  const named = textOf.get(file)?.matchAll(/(?:from |import |import\()'(\.[^']+)'/g) ?? [];
  return [...named].map(([, path = '']) => join(dirname(file), path)).filter((path) => textOf.has(path));
}

/** A file, and everything that it imports, directly or not. */
function reachOf(file: string, known = new Set<string>()): Set<string> {
  if (known.has(file)) return known;
  known.add(file);
  for (const next of importsOf(file)) reachOf(next, known);
  return known;
}

function classesIn(sheet: string): Set<string> {
  const bare =
    textOf
      .get(sheet)
      ?.replace(/\/\*.*?\*\//gs, '')
      .replace(/\[[^\]]*\]/g, '') ?? '';
  const selectors = [...bare.matchAll(/([^{};]+)\{/g)].map(([, selector = '']) => selector.trim());
  const names = selectors
    .filter((selector) => !selector.startsWith('@'))
    .flatMap((selector) => [...selector.matchAll(/\.([a-z][\w-]*)/g)].map(([, name = '']) => name));
  return new Set(names.filter((name) => !foreign.test(name)));
}

function classesOn(component: string): Set<string> {
  const attributes = textOf.get(component)?.matchAll(/\bclassName=(?:"([^"]*)"|\{`([^`]*)`\})/g) ?? [];
  return new Set(
    [...attributes].flatMap(([, plain = '', template = '']) =>
      `${plain} ${template.replace(/\$\{[^}]*\}/g, '')}`.split(' ').filter(Boolean),
    ),
  );
}

const wearersOf = new Map<string, string[]>();
for (const component of components)
  for (const name of classesOn(component)) wearersOf.set(name, [...(wearersOf.get(name) ?? []), component]);

/** Where a sheet applies: in the components that import it, and in those that they render. */
const reachOfSheet = new Map(
  sheets.map((sheet) => {
    const importers = components.filter((component) => importsOf(component).includes(sheet));
    return [sheet, new Set(importers.flatMap((component) => [...reachOf(component)]))];
  }),
);

describe.each(sheets)('the sheet %s', (sheet) => {
  it('is imported by its component, or by everything', () => {
    const own = sheet.replace(/css$/, 'tsx');
    const importers = components.filter((component) => importsOf(component).includes(sheet));
    expect(importers).toContain(textOf.has(own) ? own : 'app/main.tsx');
  });

  it('has no class that neither its component wears nor one that it renders', () => {
    const reach = reachOfSheet.get(sheet);
    const unused = [...classesIn(sheet)].filter((name) => !wearersOf.get(name)?.some((wearer) => reach?.has(wearer)));
    expect(unused).toEqual([]);
  });
});

it.each(components)('%s wears no class without looks', (component) => {
  const styled = new Set(
    sheets.filter((sheet) => reachOfSheet.get(sheet)?.has(component)).flatMap((sheet) => [...classesIn(sheet)]),
  );
  expect([...classesOn(component)].filter((name) => !styled.has(name))).toEqual([]);
});

const browserTests = join(source, '../../test/browser');

it.each(readdirSync(browserTests))('test/browser/%s looks for no class that nothing wears', (file) => {
  const code = readFileSync(join(browserTests, file), 'utf8');
  const selectors = [...code.matchAll(/\.(?:locator|closest|querySelector(?:All)?)\((['"`])(.*?)\1/g)];
  const names = selectors.flatMap(([, , selector = '']) =>
    [...selector.replace(/\[[^\]]*\]/g, '').matchAll(/\.([a-z][\w-]*)/g)].map(([, name = '']) => name),
  );
  expect(names.filter((name) => !wearersOf.has(name) && !foreign.test(name))).toEqual([]);
});
