import { defaultFieldResolver, isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { itemLists, sanitizeText, readText, textRuleOf, wordsFor } from '../../schema/text.ts';
import { ContractError } from '../foundation/errors.ts';

/** Arguments nest as deep as their types; only a representation can be deeper, and none is. */
const deepest = 16;

type Resolver = GraphQLFieldResolver<unknown, unknown>;

/**
 * Makes every field of a schema validate the texts in its arguments before its resolver sees them: also those in lists,
 * inputs and representations, each by the rule of its name, and those of fields to come. A resolver gets them trimmed
 * and fit.
 */
export function readTextArguments(schema: GraphQLSchema): void {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.name.startsWith('__'));
  for (const field of types.flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()) : []))) {
    if (field.args.length === 0) continue;
    field.resolve = reading(field.resolve ?? defaultFieldResolver);
    if (field.subscribe) field.subscribe = reading(field.subscribe);
  }
}

function reading(resolver: Resolver): Resolver {
  return (source, given, context, info) => resolver(source, fitTexts(given), context, info);
}

/**
 * The same with every text in it normalised; items of `itemLists` are left to the resolver that works on each.
 * @throws {ContractError} that says which text is unfit and why, without quoting it.
 */
export function fitTexts<Value>(value: Value): Value {
  return fit(value, []) as Value;
}

function fit(value: unknown, path: readonly string[]): unknown {
  if (typeof value === 'string') return fitText(value, path);
  if (typeof value !== 'object' || value === null) return value;
  if (path.length > deepest) throw new ContractError(`"${path[0]}" is nested too deep.`);
  if (Array.isArray(value) && itemLists.has(path.at(-1) ?? '')) return value;
  if (Array.isArray(value)) return value.map((item: unknown, index) => fit(item, [...path, String(index)]));
  // A custom scalar has checked its own text.
  if (![Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, fit(item, [...path, key])]);
  return Object.fromEntries(entries);
}

function fitText(value: string, path: readonly string[]): string {
  // Texts in a list are checked under the list's name.
  const rule = textRuleOf(path.findLast((name) => !/^\d+$/.test(name)) ?? '');
  const { text, fault } = readText(value, rule);
  if (fault === null) return text;
  const place = sanitizeText(path.join('.'), 80);
  throw new ContractError(`"${place}" ${wordsFor(fault, rule)}.`);
}
