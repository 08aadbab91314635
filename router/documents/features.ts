import { BREAK, Kind, print, visit, type ConstDirectiveNode, type ConstValueNode, type DocumentNode } from 'graphql';
import { ConfigError } from '../../platform/server/index.ts';

/** What a supergraph uses of other specifications (`@link`), and under which names. */
export interface Features {
  /** A directive's name in this document; undefined when the supergraph does not use its specification. */
  directive(feature: string, name?: string): string | undefined;
  /** Whether a type, or a directive (`@name`), is of a specification: for routers, not for clients. */
  isInner(name: string): boolean;
}

interface Link {
  /** The specification's own name. */
  feature: string;
  /** Its name here. */
  name: string;
  /** What it defines that has a name of its own here, by the specification's; directives with `@`. */
  imports: ReadonlyMap<string, string>;
}

const apollo = 'https://specs.apollo.dev/';
/** What this router does, each up to its newest version that was read when it was written. */
const known = new Map<string, readonly [major: number, minor: number]>([
  ['link', [1, 0]],
  ['core', [0, 2]],
  ['join', [0, 5]],
  ['inaccessible', [0, 2]],
  ['authenticated', [0, 1]],
  ['requiresScopes', [0, 1]],
  ['policy', [0, 1]],
]);

/**
 * Reads a supergraph's `@link`s.
 * @throws {ConfigError} when one says that without it answers are wrong or unsafe (`for:`), and this router lacks it.
 */
export function readFeatures(supergraph: DocumentNode): Features {
  const links: Link[] = [];
  const missing = new Set<string>();
  for (const given of linksOf(supergraph)) {
    const url = textOf(given['url']) ?? textOf(given['feature']) ?? '';
    const [, identity = '', major, minor] = /^(.*?)(?:\/v(\d+)\.(\d+))?\/?$/.exec(url) ?? [];
    const feature = /\w+$/.exec(identity)?.[0] ?? url;
    const isApollos = identity === apollo + feature;
    const newest = isApollos ? known.get(feature) : undefined;
    const isKnown = newest !== undefined && Number(major) === newest[0] && Number(minor) <= newest[1];
    const purpose = given['for'];
    if (purpose && purpose.kind !== Kind.NULL && !isKnown) missing.add(`${url} (for: ${print(purpose)})`);
    // Two specifications may have one name; only those of `apollo` are looked for.
    links.push({
      feature: isApollos ? feature : url,
      name: textOf(given['as']) ?? feature,
      imports: importsOf(given['import']),
    });
  }
  if (usesContext(supergraph)) missing.add(`${apollo}context (@fromContext)`);
  if (missing.size > 0) {
    throw new ConfigError(
      `The supergraph needs what this router does not have: ${[...missing].join(', ')}. Without it, answers would be wrong, or given to the wrong people.`,
    );
  }
  const prefixes = ['join', 'link', 'core', ...links.map(({ name }) => name)].map((name) => `${name}__`);
  const imported = new Set(links.flatMap(({ imports }) => [...imports.values()]));
  return {
    directive(feature, name = feature) {
      const link = links.find((each) => each.feature === feature);
      if (!link) return undefined;
      return link.imports.get(`@${name}`)?.slice(1) ?? (name === feature ? link.name : `${link.name}__${name}`);
    },
    isInner: (name) => imported.has(name) || prefixes.some((prefix) => name.replace('@', '').startsWith(prefix)),
  };
}

type Arguments = Readonly<Record<string, ConstValueNode | undefined>>;

/** Every directive of the schema that names a specification: `@link`, `@core`, or what they are called here. */
function linksOf({ definitions }: DocumentNode): Arguments[] {
  return definitions
    .flatMap((definition) =>
      definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
        ? (definition.directives ?? [])
        : [],
    )
    .map(argumentsOf)
    .filter((given) => textOf(given['url']) !== undefined || textOf(given['feature']) !== undefined);
}

/** `import: ["@key", { name: "@shareable", as: "@shared" }]` */
function importsOf(given: ConstValueNode | undefined): Map<string, string> {
  const imports = new Map<string, string>();
  for (const each of given?.kind === Kind.LIST ? given.values : []) {
    const fields: Arguments =
      each.kind === Kind.OBJECT ? Object.fromEntries(each.fields.map(({ name, value }) => [name.value, value])) : {};
    const name = textOf(each) ?? textOf(fields['name']);
    if (name !== undefined) imports.set(name, textOf(fields['as']) ?? name);
  }
  return imports;
}

/** Composition writes what `@fromContext` asks for at the fields that it is for. */
function usesContext(supergraph: DocumentNode): boolean {
  let found = false;
  visit(supergraph, {
    Directive(directive) {
      const given = argumentsOf(directive as ConstDirectiveNode)['contextArguments'];
      if (directive.name.value === 'join__field' && given?.kind === Kind.LIST && given.values.length > 0) found = true;
      return found ? BREAK : false;
    },
  });
  return found;
}

function argumentsOf({ arguments: given = [] }: ConstDirectiveNode): Arguments {
  return Object.fromEntries(given.map(({ name, value }) => [name.value, value]));
}

const textOf = (value: ConstValueNode | undefined) => (value?.kind === Kind.STRING ? value.value : undefined);
