import { describe, expect, it } from '@jest/globals';
import { composeServices } from '@apollo/composition';
import fc from 'fast-check';
import { execute, parse } from 'graphql';
import { SignJWT } from 'jose';
import { grantsOf, type Grants } from './authorization.ts';
import { createDocuments } from './documents.ts';
import { readGraph } from './graph.ts';
import { documentLimits, routerSettings } from '../config.ts';

const claims = { scopes: 'scope', policies: 'policies' };

const { supergraphSdl = '' } = composeServices([
  {
    name: 'all',
    url: 'http://all',
    typeDefs: parse(`
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
        "@key", "@inaccessible", { name: "@authenticated", as: "@signedIn" }, "@requiresScopes", "@policy"])
      type Query { node: Node nodes: [Node!]! things: [Thing] bike: Bike rider: Rider named: Named kind: Kind }
      type Mutation { ride: Bike settle: Int @requiresScopes(scopes: [["admin"], ["pay", "settle"]]) }
      type Subscription { moved: Rider }
      interface Node { id: ID note: String }
      interface Named { name: String }
      type Rider implements Node & Named @requiresScopes(scopes: [["rider"]]) { id: ID note: String name: String @policy(policies: [["names"]]) bike: Bike }
      type Bike implements Node { id: ID note: String @signedIn color: String price: Money rider: Rider kind: Kind }
      type Hidden implements Node @inaccessible { id: ID @requiresScopes(scopes: [["hidden"]]) note: String }
      union Thing = Rider | Bike
      enum Kind @signedIn { RED }
      scalar Money @policy(policies: [["finance", "read"], ["all"]])`),
  },
]);
const documentsOf = (sdl: string) =>
  createDocuments(readGraph(sdl), documentLimits(routerSettings.parse({ MAX_QUERY_ALIASES: '500' })));
const { supergraph } = readGraph(supergraphSdl);
const documents = documentsOf(supergraphSdl);
/** As older composition wrote it, which did not tell an interface what its types need. */
const olderSdl = supergraphSdl.replace(/^interface [^}]*}/gm, (text) =>
  text.replace(/@(signedIn|requiresScopes|policy)(\(.*?\))?/g, ''),
);
const olderDocuments = documentsOf(olderSdl);

const token = (given: object) =>
  new SignJWT({ ...given }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('x'.repeat(32)));

async function refusedOf(query: string, given?: object, variables = {}): Promise<string[]> {
  const authorization = given && `Bearer ${await token(given)}`;
  const checked = documents.check({ query, variables }, { authorization });
  if (!('errors' in checked)) return [];
  expect(checked.status).toBe(403);
  return checked.errors.map(({ message, extensions }) => {
    expect(extensions['code']).toBe('UNAUTHORIZED_FIELD_OR_TYPE');
    return message.split(' ')[0] ?? '';
  });
}

describe('a field that not everybody may see', () => {
  it.each<[query: string, given: object | undefined, missing: string[]]>([
    ['{ bike { color } }', undefined, []],
    ['{ bike { note } }', undefined, ['Bike.note']],
    ['{ bike { note } }', {}, []],
    ['{ bike { a: note } }', undefined, ['Bike.note']],
    ['{ bike { kind } }', undefined, ['Kind']],
    ['{ bike { price } }', {}, ['Money']],
    ['{ bike { price } }', { policies: ['finance'] }, ['Money']],
    ['{ bike { price } }', { policies: 'read finance' }, []],
    ['{ bike { price } }', { policies: ['all', 7, null] }, []],
    ['{ bike { price } }', { policies: [['all']] }, ['Money']],
    ['{ rider { __typename } }', {}, ['Rider']],
    ['{ rider { bike { color } } }', { scope: 'rider' }, []],
    ['{ rider { bike { color } } }', { scope: 'riders' }, ['Rider']],
    ['{ rider { name } }', { scope: 'x rider' }, ['Rider.name']],
    ['{ named { name } }', { scope: 'rider' }, ['Named.name', 'Rider.name']],
    ['{ named { name } }', { policies: 'names' }, ['Named', 'Rider']],
    ['{ named { name } }', { scope: ['rider'], policies: 'names' }, []],
    ['{ node { __typename } }', undefined, ['Node']],
    ['{ node { id } }', { scope: 'hidden' }, ['Node', 'Rider']],
    ['{ node { id } }', { scope: 'rider' }, ['Node.id', 'Hidden.id']],
    ['{ node { note } }', { scope: 'rider' }, []],
    ['{ things { ... on Rider { id } } }', {}, ['Rider']],
    ['{ things { ... on Rider { __typename } } }', {}, ['Rider']],
    ['{ things { ... on Bike { color } } }', undefined, []],
    ['{ things { ... on Node { note } } }', undefined, ['Node', 'Node.note', 'Bike.note', 'Rider']],
    ['{ ...A } fragment A on Query { rider { ...B } } fragment B on Rider { id }', {}, ['Rider']],
    ['mutation { ride { color } settle }', { scope: 'pay' }, ['Mutation.settle']],
    ['mutation { ride { color } settle }', { scope: 'pay settle' }, []],
    ['subscription { moved { id } }', {}, ['Rider']],
    ['{ __schema { types { name } } }', undefined, []],
  ])('%s with %j: %j', async (query, given, missing) => expect(await refusedOf(query, given)).toEqual(missing));

  it('that a variable leaves out does not matter', async () => {
    const query = 'query ($show: Boolean = false) { bike { color note @include(if: $show) } }';
    expect(await refusedOf(query)).toEqual([]);
    expect(await refusedOf(query, undefined, { show: true })).toEqual(['Bike.note']);
    expect(await refusedOf('{ bike { color ... @skip(if: true) { note } } }')).toEqual([]);
  });
});

/** What each concrete field needs, in the test's own words. */
const needs: Record<string, (grants: Grants) => boolean> = {
  'Bike.note': ({ isAuthenticated }) => isAuthenticated,
  'Bike.kind': ({ isAuthenticated }) => isAuthenticated,
  'Query.kind': ({ isAuthenticated }) => isAuthenticated,
  'Bike.price': ({ policies }) => policies.has('all') || (policies.has('finance') && policies.has('read')),
  'Hidden.id': ({ scopes }) => scopes.has('hidden'),
  'Rider.name': ({ scopes, policies }) => scopes.has('rider') && policies.has('names'),
  ...Object.fromEntries(
    ['id', 'note', 'bike'].map((name) => [`Rider.${name}`, ({ scopes }: Grants) => scopes.has('rider')]),
  ),
};

const fields: Record<string, Record<string, string | undefined>> = {
  Query: {
    node: 'Node',
    nodes: 'Node',
    things: 'Thing',
    bike: 'Bike',
    rider: 'Rider',
    named: 'Named',
    kind: undefined,
  },
  Node: { id: undefined, note: undefined },
  Named: { name: undefined },
  Rider: { id: undefined, note: undefined, name: undefined, bike: 'Bike' },
  Bike: { id: undefined, note: undefined, color: undefined, price: undefined, rider: 'Rider', kind: undefined },
  Thing: {},
};
const conditions: Record<string, string[]> = {
  Query: ['Query'],
  Node: ['Node', 'Rider', 'Bike', 'Thing', 'Named'],
  Named: ['Named', 'Rider', 'Node'],
  Thing: ['Rider', 'Bike', 'Node', 'Named'],
  Rider: ['Rider', 'Node', 'Named', 'Thing'],
  Bike: ['Bike', 'Node', 'Thing'],
};

const oneOf = <Item>(items: readonly Item[]) => fc.constantFrom(...items);
const directive = oneOf([
  '',
  '',
  '',
  '@skip(if: $yes)',
  '@include(if: $yes)',
  '@skip(if: false)',
  '@include(if: false)',
]);

function selection(type: string, depth: number): fc.Arbitrary<string> {
  const named = Object.entries(fields[type] ?? {}).filter(([, inner]) => inner === undefined || depth > 0);
  const field = oneOf([...named, ['__typename', undefined] as const]).chain(([name, inner]) =>
    fc
      .tuple(fc.nat(99_999), directive, inner === undefined ? fc.constant('') : selection(inner, depth - 1))
      .map(([alias, on, inside]) => `a${alias}: ${name} ${on} ${inside}`),
  );
  const spread = oneOf(conditions[type] ?? []).chain((on) =>
    fc.tuple(directive, selection(on, depth - 1)).map(([when, inside]) => `... on ${on} ${when} ${inside}`),
  );
  const each = depth > 0 ? fc.oneof(field, field, spread) : field;
  return fc.array(each, { minLength: 1, maxLength: 3 }).map((parts) => `{ ${parts.join(' ')} }`);
}

describe('an operation that may run', () => {
  it.each([
    ['composed now', documents],
    ['composed before', olderDocuments],
  ])('reads nothing that its client may not see, whatever the objects turn out to be: %s', (_when, documents) => {
    const subset = (words: string[]) => fc.subarray(words);
    let ran = 0;
    fc.assert(
      fc.property(
        selection('Query', 4),
        fc.boolean(),
        fc.boolean(),
        subset(['rider', 'hidden']),
        subset(['all', 'finance', 'read', 'names']),
        fc.nat(),
        (text, yes, isAuthenticated, scopes, policies, chance) => {
          const grants = { isAuthenticated, scopes: new Set(scopes), policies: new Set(policies) };
          const payload = Buffer.from(JSON.stringify({ scope: scopes.join(' '), policies })).toString('base64url');
          const authorization = isAuthenticated ? `Bearer e30.${payload}.x` : undefined;
          if (!isAuthenticated) grants.scopes = grants.policies = new Set();
          const query = `query ($yes: Boolean!) ${text.replace('{', '{ __typename @skip(if: $yes)')}`;
          const checked = documents.check({ query, variables: { yes } }, { authorization });
          if ('errors' in checked) {
            fc.pre(checked.errors.every(({ extensions }) => extensions['code'] === 'UNAUTHORIZED_FIELD_OR_TYPE'));
            return;
          }
          ran += 1;
          let turn = chance;
          const answer = execute({
            schema: supergraph,
            document: parse(query),
            variableValues: { yes },
            typeResolver: (_value, _context, _info, type) => {
              const types = supergraph.getPossibleTypes(type);
              return types[(turn += 1) % types.length]?.name;
            },
            fieldResolver: (_source, _args, _context, { parentType, fieldName, returnType }) => {
              const at = `${parentType.name}.${fieldName}`;
              if (needs[at]?.(grants) === false) throw new Error(`not allowed: ${at}`);
              if (String(returnType).startsWith('[')) return [{}, {}, {}];
              return String(returnType) === 'Kind' ? 'RED' : {};
            },
          });
          expect(JSON.stringify(answer)).not.toContain('not allowed');
        },
      ),
      { numRuns: 1_500 },
    );
    expect(ran).toBeGreaterThan(300);
  });
});

describe('what a token grants', () => {
  it('is read from the claims that settings name', async () => {
    const authorization = `bearer  ${await token({ scp: ['a', 'b'], scope: 'c', rules: 'd  e' })}`;
    const grants = grantsOf(authorization, { scopes: 'scp', policies: 'rules' });
    expect(grants).toEqual({ isAuthenticated: true, scopes: new Set(['a', 'b']), policies: new Set(['d', 'e']) });
    expect(grantsOf(undefined, claims).isAuthenticated).toBe(false);
  });
});
