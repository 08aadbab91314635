import {
  execute,
  isAbstractType,
  isLeafType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  visit,
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLFormattedError,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { groupOf, isSameGroup, nothingDeferred, type Deferral, type DeferUsage } from '../incremental/deferral.ts';
import { collectFields, dependsOnType, fieldsNamed, type Fields } from './asked-fields.ts';
import type { ResponsePath } from './entities.ts';
import type { Execution } from './execute.ts';
import { compileLeaf } from './leaf.ts';
import { isObject } from './values.ts';
import { beginWriting, everywhere, fail, failMissing, flat, writeOnce, type LaterPart, type Write } from './write.ts';

/**
 * Writes an operation's answer as JSON, from what subgraphs have answered: only what the client asked for, in its
 * order and under its names, values checked against their types, null where they are missing and up to the next field
 * that may be null (GraphQL specification, "Handling Execution Errors").
 */
export interface Shape {
  /**
   * `data` as JSON. Adds to `errors` what was missing and nobody had told, and to `later` what is deferred, where
   * anything is.
   */
  write(
    execution: Pick<Execution, 'data' | 'variables'> & Partial<Pick<Execution, 'repeated'>>,
    errors: GraphQLFormattedError[],
    later?: LaterPart[],
  ): string;
  /** An error's path in the client's names, as far as the client asked: planners ask for keys, and what is required. */
  pathOf(path: ResponsePath): ResponsePath;
}

export interface ShapeOptions {
  schema: GraphQLSchema;
  operation: OperationDefinitionNode;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** The client's name of a field that is run under another. */
  nameOf(name: string): string;
  deferral?: Pick<Deferral, 'usageOf' | 'around'> | undefined;
}

/** More than there are types in a supergraph that an interface has. */
const mostTypes = 1_000;

/** @param options of an operation whose @skip and @include are decided. */
export function compileShape(options: ShapeOptions): Shape {
  const writeRoot = compileRootShape(options);
  return {
    write({ data, variables, repeated }, errors, later = []) {
      const writing = beginWriting({ path: [], errors, variables, later, scope: everywhere }, repeated);
      const written = writeRoot(data, 0, writing);
      if (written === undefined) later.length = 0;
      return flat(written ?? 'null');
    },
    pathOf(path) {
      let sets: readonly SelectionSetNode[] = [options.operation.selectionSet];
      const known: (string | number)[] = [];
      for (const step of path) {
        if (typeof step === 'number') {
          known.push(step);
          continue;
        }
        const fields = fieldsNamed(step, sets, options.fragments);
        if (fields.length === 0) return known;
        known.push(options.nameOf(step));
        sets = fields.flatMap(({ selectionSet }) => selectionSet ?? []);
      }
      return known;
    },
  };
}

function compileRootShape(options: ShapeOptions): Write {
  const { schema, operation, fragments, nameOf, deferral } = options;
  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error(`The schema has no ${operation.operation}.`);
  return compileObject(root, [operation.selectionSet], nothingDeferred);

  /** @param group the deferred fragments that the object itself is answered with. */
  function compileObject(
    type: GraphQLObjectType | GraphQLInterfaceType,
    sets: readonly SelectionSetNode[],
    group: ReadonlySet<DeferUsage>,
  ): Write {
    const { fields, spreads } = collectFields(options, type, sets);
    if (!deferral) return writeOnce(compileFields(type, fields, group));
    const now: Fields = new Map();
    const parts: { group: ReadonlySet<DeferUsage>; fields: Fields }[] = [];
    for (const [key, nodes] of fields) {
      const own = groupOf(nodes.map(deferral.around));
      if (isSameGroup(own, group)) {
        now.set(key, nodes);
        continue;
      }
      const known = parts.find((part) => isSameGroup(part.group, own));
      if (known) known.fields.set(key, nodes);
      else parts.push({ group: own, fields: new Map([[key, nodes]]) });
    }
    const writeNow = compileFields(type, now, group);
    if (spreads.length === 0 && parts.length === 0) return writeNow;
    const later = parts.map((part) => ({
      group: part.group,
      names: new Set([...part.fields.keys()].map(nameOf)),
      write: compileFields(type, part.fields, part.group),
    }));
    return (value, depth, writing) => {
      const { scope: around } = writing;
      const path = writing.path.slice(0, depth);
      const scope =
        spreads.length > 0 ? new Map([...around, ...spreads.map((usage) => [usage, path] as const)]) : around;
      writing.scope = scope;
      const written = writeNow(value, depth, writing);
      writing.scope = around;
      if (written === undefined) return undefined;
      const { variables } = writing;
      for (const { write, ...part } of later) {
        writing.later.push({
          ...part,
          path,
          scope,
          write(errors, more, told) {
            const inner = beginWriting({ path: [...path], errors, variables, later: more, scope, told });
            const json = write(value, depth, inner);
            // Each part that cannot be given says why, also where that was told at ten other places.
            if (json === undefined && errors.length === 0 && inner.explanation) errors.push(inner.explanation);
            return json;
          },
        });
      }
      return written;
    };
  }

  function compileFields(
    type: GraphQLObjectType | GraphQLInterfaceType,
    given: Fields,
    group: ReadonlySet<DeferUsage>,
  ): Write {
    const fields: { key: string; name: string; start: string; write: Write }[] = [];
    const strict = new Set<string>();
    for (const [key, nodes] of given) {
      const name = nameOf(key);
      const start = `${fields.length > 0 ? ',' : '{'}${JSON.stringify(name)}:`;
      if (isNonNullType(type.getFields()[nodes[0].name.value]?.type)) strict.add(name);
      fields.push({ key, name, start, write: compileField(type, nodes, group) });
    }
    const end = fields.length > 0 ? '}' : '{}';
    return (value, depth, writing) => {
      if (!isObject(value)) return fail(writing, depth, `Expected an object of type ${type.name}.`);
      writing.strict[depth] = strict;
      let json = '';
      for (const { key, name, start, write } of fields) {
        writing.path[depth] = name;
        const written = write(value[key], depth + 1, writing);
        if (written === undefined) return undefined;
        json += start + written;
      }
      return json + end;
    };
  }

  function compileField(
    parent: GraphQLObjectType | GraphQLInterfaceType,
    nodes: readonly [FieldNode, ...FieldNode[]],
    group: ReadonlySet<DeferUsage>,
  ): Write {
    const name = nodes[0].name.value;
    if (name === '__typename') {
      const json = JSON.stringify(parent.name);
      return () => json;
    }
    if (name === '__schema' || name === '__type') return compileIntrospection(nodes);
    const field = parent.getFields()[name];
    if (!field) throw new Error(`The schema has no ${parent.name}.${name}.`);
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const onNull = `Cannot return null for non-nullable field ${parent.name}.${name}.`;
    return compileValue(field.type, sets, onNull, group);
  }

  function compileValue(
    type: GraphQLOutputType,
    sets: readonly SelectionSetNode[],
    onNull: string,
    group: ReadonlySet<DeferUsage>,
  ): Write {
    if (isNonNullType(type)) {
      const write = compilePresent(type.ofType, sets, onNull, group);
      return (value, depth, writing) =>
        value === undefined || value === null ? failMissing(writing, depth, onNull) : write(value, depth, writing);
    }
    const write = compilePresent(type, sets, onNull, group);
    if (!deferral) {
      return (value, depth, writing) =>
        value === undefined || value === null ? 'null' : (write(value, depth, writing) ?? 'null');
    }
    return (value, depth, writing) => {
      if (value === undefined || value === null) return 'null';
      const { later } = writing;
      const before = later.length;
      const written = write(value, depth, writing);
      if (written !== undefined) return written;
      // Nothing comes later into what is null.
      later.length = before;
      return 'null';
    };
  }

  function compilePresent(
    type: GraphQLOutputType,
    sets: readonly SelectionSetNode[],
    onNull: string,
    group: ReadonlySet<DeferUsage>,
  ): Write {
    if (isListType(type)) {
      const write = compileValue(type.ofType as GraphQLOutputType, sets, onNull, group);
      return (value, depth, writing) => {
        if (!Array.isArray(value)) return fail(writing, depth, `Expected a list.`);
        let json = '[';
        for (let index = 0; index < value.length; index += 1) {
          writing.path[depth] = index;
          const written = write(value[index], depth + 1, writing);
          if (written === undefined) return undefined;
          json += index > 0 ? `,${written}` : written;
        }
        return `${json}]`;
      };
    }
    if (isLeafType(type)) return compileLeaf(type);
    if (isObjectType(type)) return compileObject(type, sets, group);
    if (!isAbstractType(type)) throw new Error(`What ${String(type)} is, is not known.`);
    const known = new Map<unknown, Write>();
    const writeFor = (name: unknown): Write => {
      const concrete = typeof name === 'string' ? schema.getType(name) : undefined;
      if (isObjectType(concrete) && schema.isSubType(type, concrete)) return compileObject(concrete, sets, group);
      // Nobody asked for what depends on the type, so planners do not either; or the owner knows the interface only.
      const isOpen = name === undefined || name === type.name;
      if (isOpen && isInterfaceType(type) && !dependsOnType(type, sets, fragments))
        return compileObject(type, sets, group);
      return (_value, depth, writing) => fail(writing, depth, `The type of this ${type.name} is not known.`);
    };
    return (value, depth, writing) => {
      const name = isObject(value) ? value['__typename'] : undefined;
      let write = known.get(name);
      if (!write) {
        write = writeFor(name);
        // A subgraph's wrong names are not collected.
        if (known.size < mostTypes) known.set(name, write);
      }
      return write(value, depth, writing);
    };
  }

  function compileIntrospection(nodes: readonly FieldNode[]): Write {
    const run: DocumentNode = {
      kind: Kind.DOCUMENT,
      definitions: [
        { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections: nodes } },
        ...fragments.values(),
      ],
    };
    // In the client's names: what is answered here is written as it is.
    const document = visit(run, {
      Field: ({ alias, ...field }) => alias && { ...field, alias: { ...alias, value: nameOf(alias.value) } },
    });
    return (_value, _depth, writing) => {
      const variableValues = writing.variables;
      const { data, errors } = execute({ schema, document, variableValues }) as ExecutionResult;
      for (const error of errors ?? []) writing.errors.push(error.toJSON());
      const answer = data && Object.values(data)[0];
      return JSON.stringify(answer ?? null);
    };
  }
}
