import { describe, expect, it } from '@jest/globals';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse, subscribe, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { ContractError } from '../foundation/errors.ts';
import { readTextArguments } from './text-arguments.ts';

const sdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  input Inner { reason: String, tags: [[String!]!], deeper: Inner }
  input Change { userId: ID, reason: String, later: String, inner: [Inner!], kind: Kind, changes: [Inner!] }
  enum Kind { ONE }
  type Query { echo(change: Change, ids: [ID!], color: String = "  red "): String, item: Item }
  type Item @key(fields: "userId") { userId: ID!, plain(text: String): String }
  type Subscription { told(userId: ID): String }
`;
const echo = (_root: unknown, given: unknown) => JSON.stringify(given);

function schemaOf(): GraphQLSchema {
  const schema = buildSubgraphSchema([
    {
      typeDefs: parse(sdl),
      resolvers: {
        Query: { echo, item: () => ({ userId: '10', plain: (given: unknown) => JSON.stringify(given) }) },
        Item: { __resolveReference: (item: object) => ({ ...item, plain: () => JSON.stringify(item) }) },
        Subscription: {
          told: {
            subscribe: async function* told(_root: unknown, given: unknown) {
              yield given;
            },
            resolve: (event: unknown) => JSON.stringify(event),
          },
        },
      } as never,
    },
  ]);
  readTextArguments(schema);
  return schema;
}

const schema = schemaOf();
const run = async (document: string, variables: Record<string, unknown> = {}) =>
  await execute({ schema, document: parse(document), variableValues: variables });
const echoed = async (change: unknown) => {
  const { data, errors } = await run('query ($change: Change) { echo(change: $change) }', { change });
  return errors ? errors[0]?.message : (JSON.parse(String(data?.['echo'])) as { change: unknown }).change;
};

describe('the texts in a field’s arguments', () => {
  it('reach the resolver fit and trimmed, wherever they stand', async () => {
    const change = {
      userId: '10',
      reason: ' bent\nwheel ',
      later: ' 초록 ',
      inner: [{ reason: '\tx\n' }],
      kind: 'ONE',
    };
    expect(await echoed(change)).toEqual({ ...change, reason: 'bent\nwheel', inner: [{ reason: 'x' }] });
    expect((await run('{ echo }')).data).toEqual({ echo: '{"color":"red"}' });
    expect((await run('{ echo(color: null, ids: ["a"]) }')).data).toEqual({ echo: '{"ids":["a"],"color":null}' });
    expect((await run('{ item { plain(text: " a ") } }')).data).toEqual({ item: { plain: '{"text":" a "}' } });
  });

  it.each<[unknown, string]>([
    [{ userId: '10\r' }, '"change.userId" has a control character in it.'],
    [{ userId: '' }, '"change.userId" must have 1 to 255 characters.'],
    [{ userId: 'x'.repeat(300) }, '"change.userId" must have 1 to 255 characters.'],
    [{ reason: 'half \ud83d' }, '"change.reason" has half a character in it (an unpaired surrogate).'],
    [{ later: 'x'.repeat(1_001) }, '"change.later" must have at most 1000 characters.'],
    [{ later: 'a\nb' }, '"change.later" has a control character in it.'],
    [{ inner: [{}, { reason: '\u3164' }] }, '"change.inner.1.reason" has nothing in it that can be seen.'],
    [
      { inner: [{ tags: [['a', '\u202ex']] }] },
      '"change.inner.0.tags.0.1" has a character in it that cannot be seen or turns text around.',
    ],
  ])('are refused with a word that says which and why: %j', async (change, message) => {
    const { errors } = await run('query ($change: Change) { echo(change: $change) }', { change });
    expect(errors?.[0]?.originalError).toBeInstanceOf(ContractError);
    expect(errors?.[0]?.message).toBe(message);
  });

  it('are left to the resolver that answers each item of a list for itself', async () => {
    const change = { changes: [{ reason: ' half \ud83d ' }] };
    expect(await echoed(change)).toEqual(change);
  });

  it('are read in lists, representations, subscriptions and fields without a resolver of their own', async () => {
    const entities = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Item { plain } } }';
    const faults = [
      await run('query ($ids: [ID!]) { echo(ids: $ids) }', { ids: ['a', 'b\0'] }),
      await run(entities, {
        r: [
          { __typename: 'Item', userId: '10' },
          { __typename: 'Item', userId: '\ud800' },
        ],
      }),
      await run(entities, { r: [{ __typename: 'Item', userId: '10', x: nested(100_000) }] }),
      await run('query ($text: String) { item { plain(text: $text) } }', { text: '\u0007' }),
      (await subscribe({
        schema,
        document: parse('subscription ($id: ID) { told(userId: $id) }'),
        variableValues: { id: '1\u200b' },
      })) as ExecutionResult,
    ].map(({ errors }) => errors?.[0]?.originalError);
    for (const fault of faults) expect(fault).toBeInstanceOf(ContractError);
    const good = await run(entities, { r: [{ __typename: 'Item', userId: '10' }] });
    expect(good.errors).toBeUndefined();
  });
});

function nested(levels: number): unknown {
  let value: unknown = 'x';
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}
