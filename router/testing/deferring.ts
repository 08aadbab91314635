import { Kind, parse, print, visit, type DirectiveNode, type SelectionNode } from 'graphql';
import type { Dice } from '../../cli/demo/dice.ts';
import { incrementalFormats, textOfPart } from '../gateway/incremental/formats.ts';
import { isObject } from '../gateway/execution/values.ts';
import { difference } from './comparison.ts';
import type { Answered, EngineName, Federation } from './federation.ts';
import { mergedAnswer } from './merged.ts';

/** More might be refused. */
const mostDefers = 5;
const mostInFragments = 3;

/** The same document, which defers some of what it asks for, or asks for it once more later. */
export function deferredAtRandom(query: string, dice: Dice): string {
  const document = parse(query);
  let defers = 0;
  const conditions = ['true', 'false', ...['$yes', '$no'].filter((name) => query.includes(`${name}: Boolean`))];
  const defer = (): DirectiveNode => {
    defers += 1;
    const condition = dice.chance(0.2) ? `, if: ${dice.pick(conditions)}` : '';
    const [text] = parse(`{ ... @defer(label: "d${defers}"${condition}) { x } }`).definitions;
    const fragment = text?.kind === Kind.OPERATION_DEFINITION ? text.selectionSet.selections[0] : undefined;
    return fragment?.directives?.[0] as DirectiveNode;
  };
  const isRoot = (parent: unknown) =>
    isObject(parent) && (parent['operation'] === 'mutation' || parent['operation'] === 'subscription');
  // Fragments are deferred wherever they are spread.
  const most = document.definitions.length > 1 ? mostInFragments : mostDefers;
  const deferred = visit(document, {
    SelectionSet: {
      leave(set, _key, parent) {
        if (isRoot(parent)) return undefined;
        const selections: SelectionNode[] = [];
        const later: SelectionNode[] = [];
        for (const each of set.selections) {
          const own =
            each.kind !== Kind.FIELD && defers < most && dice.chance(0.3)
              ? { ...each, directives: [...(each.directives ?? []), defer()] }
              : each;
          if (dice.chance(0.35)) later.push(own);
          if (later.at(-1) !== own || (dice.chance(0.2) && !print(own).includes('@defer'))) selections.push(own);
        }
        if (later.length === 0 || defers >= most) return { ...set, selections: [...selections, ...later] };
        const half = dice.chance(0.3) ? dice.below(later.length) : 0;
        for (const part of [later.slice(0, half), later.slice(half)]) {
          if (part.length === 0 || defers >= most) selections.push(...part);
          else
            selections.push({
              kind: Kind.INLINE_FRAGMENT,
              directives: [defer()],
              selectionSet: { kind: Kind.SELECTION_SET, selections: part },
            });
        }
        return { ...set, selections };
      },
    },
  });
  return print(deferred);
}

export interface InParts {
  /** What is wrong, if anything is. */
  differs: string | undefined;
  /** How many; none when the answer came whole. */
  parts: number;
}

/**
 * How an answer in parts differs, merged, from the one that a monolith gives without `@defer`; a fragment that cannot
 * be given is absent, where a monolith has null further up.
 */
export async function differenceInParts(
  federation: Federation,
  engine: EngineName,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<InParts> {
  let parts = 0;
  const right = await federation.monolith(query.replace(/@defer\([^)]*\)/g, ''), variables);
  for (const format of incrementalFormats) {
    const texts: string[] = [];
    const given = await federation.ask(engine, query, variables, (part) => texts.push(textOfPart(part, format)));
    parts += texts.length;
    const merged = texts.length > 0 ? mergedAnswer(format, query, texts) : given;
    const differs = misleading(texts) ?? differenceOf(right, merged, failedIn(texts));
    if (differs === undefined) continue;
    const asked = given.asked.map(
      ({ subgraph, query: text, variables: values }) => `  ${subgraph}: ${text} ${JSON.stringify(values)}`,
    );
    const told = [`${engine}, ${format}: ${query} ${JSON.stringify(variables)}`, differs, ...texts, ...asked];
    return { differs: told.join('\n'), parts };
  }
  return { differs: undefined, parts };
}

/** What no client could make sense of. */
function misleading(texts: readonly string[]): string | undefined {
  const parts = texts.map((text) => JSON.parse(text) as { hasNext: boolean });
  const early = parts.slice(0, -1).some(({ hasNext }) => !hasNext);
  const late = parts.length > 0 && parts.at(-1)?.hasNext !== false;
  return early || late ? 'hasNext is not false once, at the end' : undefined;
}

const failedIn = (texts: readonly string[]) =>
  texts.some((text) => /"completed":\[.*"errors"|"data":null,"path"/.test(text));

function differenceOf(right: Answered, given: Answered, failed: boolean): string | undefined {
  const [wanted, got] = [right, given].map((each) => ({ ...each, data: sorted(each.data) }));
  if (!wanted || !got) return undefined;
  if (!failed) return difference(wanted, got);
  const lost = lostIn(wanted.data, got.data);
  if (lost !== undefined) return `${lost}\n  right ${JSON.stringify(wanted)}\n  given ${JSON.stringify(got)}`;
  return right.errors.length === 0 ? 'a fragment failed where nothing is wrong' : undefined;
}

/** Fields may be in another order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const names = Object.keys(value).toSorted();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}

/** Where what is given is not right: fragments may be absent, and what is around them need not be null then. */
function lostIn(right: unknown, given: unknown): string | undefined {
  if (right === null) return undefined;
  if (Array.isArray(right)) {
    if (!Array.isArray(given) || given.length !== right.length) return 'a list is another';
    return right.map((item, index) => lostIn(item, given[index])).find((each) => each !== undefined);
  }
  if (!isObject(right))
    return JSON.stringify(right) === JSON.stringify(given)
      ? undefined
      : `${JSON.stringify(given)} for ${JSON.stringify(right)}`;
  if (!isObject(given)) return 'no object';
  return Object.keys(given)
    .map((name) => (name in right ? lostIn(right[name], given[name]) : `a field ${name} that nobody asked for`))
    .find((each) => each !== undefined);
}
