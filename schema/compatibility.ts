import { Supergraph } from '@apollo/federation-internals';
import { findBreakingChanges, type GraphQLSchema } from 'graphql';
import { parse as parseYaml } from 'yaml';

/** What the processes of one version say to each other and to clients: the two generated files of schema/. */
export interface Contracts {
  supergraph: string;
  asyncapi: string;
}

/**
 * What prevents replacing `current` by `next` pod by pod, one line each; empty when nothing does. While both run,
 * clients use the old schema, old routers ask new subgraphs, and each version reads events of the other: those in the
 * journals stay for good.
 */
export function incompatibilities(current: Contracts, next: Contracts): string[] {
  const [before, after] = [Supergraph.build(current.supergraph), Supergraph.build(next.supergraph)];
  return [
    ...changesForClients(before, after),
    ...changesForRouters(before, after),
    ...changesForReaders(current.asyncapi, next.asyncapi),
  ];
}

const apiOf = (supergraph: Supergraph) => supergraph.apiSchema().toGraphQLJSSchema();

function changesForClients(current: Supergraph, next: Supergraph): string[] {
  return breaking(apiOf(current), apiOf(next)).map((change) => `API: ${change}`);
}

/** A field that moves from one subgraph to another breaks no client, but every router that still has the old plan. */
function changesForRouters(current: Supergraph, next: Supergraph): string[] {
  const [before, after] = [subgraphsOf(current), subgraphsOf(next)];
  return [...before].flatMap(([name, schema]) => {
    const successor = after.get(name);
    if (!successor) return [`subgraph ${name}: was removed.`];
    return breaking(schema, successor).map((change) => `subgraph ${name}: ${change}`);
  });
}

function subgraphsOf(supergraph: Supergraph): Map<string, GraphQLSchema> {
  return new Map(
    supergraph
      .subgraphs()
      .values()
      .map(({ name, schema }) => [name, schema.toGraphQLJSSchema()]),
  );
}

const breaking = (before: GraphQLSchema, after: GraphQLSchema) =>
  findBreakingChanges(before, after).map(({ description }) => description);

/** The subset of JSON Schema that the events use. */
interface Shape {
  type?: string | readonly string[];
  enum?: readonly string[];
  properties?: Readonly<Record<string, Shape>>;
  required?: readonly string[];
}

/**
 * Side effects of a rolling update that do not prevent it, one line each. Readers of the old version do not know a new
 * kind of event: they park it, and the events behind it in its stream wait.
 */
export function consequences(current: Contracts, next: Contracts): string[] {
  const before = eventsOf(current.asyncapi);
  return Object.keys(eventsOf(next.asyncapi))
    .filter((type) => !(type in before))
    .map(
      (type) => `event ${type}: is new. Consumers of the old version that still run park it; redrive it afterwards.`,
    );
}

/** The part of `incompatibilities` that concerns events. */
export function changesForReaders(current: string, next: string): string[] {
  const [before, after] = [eventsOf(current), eventsOf(next)];
  return Object.entries(before).flatMap(([type, shape]) => {
    const successor = after[type];
    if (!successor) return [`event ${type}: was removed, and journals hold it.`];
    return changesOfShape(shape, successor).map((change) => `event ${type}: ${change}`);
  });
}

function eventsOf(asyncapi: string): Record<string, Shape> {
  const document = parseYaml(asyncapi) as { components: { messages: Record<string, { payload: Shape }> } };
  return Object.fromEntries(Object.entries(document.components.messages).map(([type, { payload }]) => [type, payload]));
}

/** New readers must accept every old event, and old readers every new one: the required fields must not change. */
function changesOfShape(before: Shape, after: Shape): string[] {
  const added = without(after.required, before.required).map(
    (name) => `${name} became required, and events of the old version lack it.`,
  );
  const lost = without(before.required, after.required).map(
    (name) => `${name} is no longer always there, and readers of the old version need it.`,
  );
  const changed = Object.entries(before.properties ?? {}).flatMap(([name, property]) => {
    const successor = after.properties?.[name];
    return successor ? changesOfField(name, property, successor) : [];
  });
  return [...added, ...lost, ...changed];
}

function changesOfField(name: string, before: Shape, after: Shape): string[] {
  if (kindOf(before) !== kindOf(after)) return [`${name} changed from ${kindOf(before)} to ${kindOf(after)}.`];
  const gone = without(before.enum, after.enum).map((value) => `${name} may no longer be ${value}.`);
  const fresh = without(after.enum, before.enum).map(
    (value) => `${name} may be ${value}, which readers of the old version refuse.`,
  );
  const within = changesOfShape(before, after).map((change) => `${name}: ${change}`);
  return [...gone, ...fresh, ...within];
}

function without(words: readonly string[] = [], others: readonly string[] = []): string[] {
  return words.filter((word) => !others.includes(word));
}

/** A field without its description, bounds and parts. */
function kindOf({ type, enum: values, ...rest }: Shape): string {
  if (type !== undefined) {
    const types = [type].flat().toSorted().join(' or ');
    return values ? `${types} of a list` : types;
  }
  return JSON.stringify(rest, (key, value: unknown) => (key === 'description' ? undefined : value));
}
