import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  buildSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  print,
  astFromValue,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
} from 'graphql';
import { permissionIn } from '../../schema/reference.ts';
import { scopeFields } from '../../schema/scopes.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';

const api = buildSchema(readFileSync(new URL('../../schema/client/generated/api.graphql', import.meta.url), 'utf8'));
const fields = [api.getQueryType(), api.getMutationType(), api.getSubscriptionType()].flatMap((type) =>
  Object.values(type?.getFields() ?? {}).map((field) => ({ root: (type?.name ?? '').toLowerCase(), field })),
);

const people = ['nobody', 'owner', 'another rider', 'operator', 'auditor', 'admin'] as const;
type Person = (typeof people)[number];

/** Another client with the owner's token, and these scopes. */
const planners = ['', 'rides', 'balance', 'rides balance', 'buyPoints *'];

const roleOf = (person: Person) => (person === 'owner' || person === 'another rider' ? 'rider' : person);

/** Whom a permission lets in, to what is the owner's. */
function letIn(permission: string): Person[] {
  if (permission === 'For everybody') return [...people];
  if (permission.startsWith('A rider sees only')) return ['owner', 'operator', 'auditor', 'admin'];
  if (permission.startsWith('A rider for themselves')) return ['owner', 'operator', 'admin'];
  const isNamed = (person: Person) => new RegExp(`^Roles? .*\\b${roleOf(person)}\\b`).test(permission);
  return people.filter(isNamed);
}

describe('who may use', () => {
  let system: TestSystem;
  const tokens = new Map<string, string>();
  /** What is the owner's, and a place that is in Korea. */
  const own: Record<string, unknown> = { userId: 'owner', latitude: 37.5, longitude: 127 };

  beforeAll(async () => {
    system = await startSystem({ env: { OWN_CLIENTS: 'pages' } });
    const [bikeId = 0] = await registerBikes(system);
    const owner = await rider(system, 'owner');
    await owner.buys(5_000);
    Object.assign(own, { bikeId, confirmId: 1, reserveNo: (await owner.reserves(bikeId)).reserveNo });
    for (const person of people) {
      if (person === 'nobody') continue;
      tokens.set(person, await system.token(person, [roleOf(person)]));
    }
    for (const scope of planners) tokens.set(`planner: ${scope}`, await plannersToken(scope));
  }, 240_000);
  afterAll(() => system.close(), 240_000);

  async function plannersToken(scope: string): Promise<string> {
    const response = await fetch(`${system.routerUrl}/dev/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId: 'owner', roles: ['rider', 'operator', 'admin'], scope }),
    });
    return ((await response.json()) as { token: string }).token;
  }

  /** A value that fits; what names something of a rider's names the owner's. */
  function valueFor({ name, type }: { name: string; type: GraphQLInputType }): unknown {
    const nullable = getNullableType(type);
    if (name in own) return own[name];
    if (isListType(nullable)) return [valueFor({ name, type: nullable.ofType })];
    if (isInputObjectType(nullable)) return valuesFor(Object.values(nullable.getFields()));
    if (isEnumType(nullable)) return nullable.getValues()[0]?.value;
    if (['Int', 'Long', 'Float'].includes(nullable.name)) return 1;
    if (nullable.name === 'Boolean') return false;
    if (nullable.name === 'DateTime') return '2026-11-23T09:00:00Z';
    return 'x';
  }

  function valuesFor(parts: readonly (GraphQLArgument | GraphQLInputField)[]): Record<string, unknown> {
    const isAsked = ({ name, type }: { name: string; type: GraphQLInputType }) =>
      isNonNullType(type) || name === 'filter' || name in own;
    return Object.fromEntries(parts.filter(isAsked).map((part) => [part.name, valueFor(part)]));
  }

  async function answerTo(person: string, root: string, field: GraphQLField<unknown, unknown>): Promise<string> {
    const given = Object.entries(valuesFor(field.args)).map(([name, value]) => {
      const type = field.args.find((argument) => argument.name === name)?.type;
      const literal = type && astFromValue(value, type);
      return literal ? `${name}: ${print(literal)}` : '';
    });
    const selected = isCompositeType(getNamedType(field.type)) ? '{ __typename }' : '';
    const token = tokens.get(person);
    const leave = new AbortController();
    const response = await fetch(`${system.routerUrl}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: root === 'subscription' ? 'text/event-stream' : 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({
        query: `${root} { ${field.name}${given.length > 0 ? `(${given.join(', ')})` : ''} ${selected} }`,
      }),
      signal: leave.signal,
    });
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      leave.abort();
      return 'let in';
    }
    const { errors = [] } = (await response.json()) as { errors?: { message: string; extensions: { code: string } }[] };
    const [error] = errors;
    return error ? error.extensions.code : 'let in';
  }

  it.each(fields)('$root $field.name is as its description says', async ({ root, field }) => {
    const welcome = letIn(permissionIn(field.description ?? '') ?? '');
    expect(welcome).not.toEqual([]);
    for (const person of people) {
      const expected = welcome.includes(person) ? 'let in' : person === 'nobody' ? 'UNAUTHENTICATED' : 'FORBIDDEN';
      expect([person, await answerTo(person, root, field)]).toEqual([person, expected]);
    }
  });

  it.each(fields)('$root $field.name is for another client only as its scopes say', async ({ root, field }) => {
    const name = `${root.charAt(0).toUpperCase()}${root.slice(1)}.${field.name}`;
    const isForAll = letIn(permissionIn(field.description ?? '') ?? '').includes('nobody');
    for (const given of planners) {
      const isIn = given.split(' ').some((scope) => scopeFields[scope]?.includes(name));
      const expected = isForAll || isIn ? 'let in' : 'FORBIDDEN';
      expect([given, await answerTo(`planner: ${given}`, root, field)]).toEqual([given, expected]);
    }
  });
});
