import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { cut, itemLists, sanitizeText, readText, textRuleOf } from '../../schema/text.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { textFieldsIn } from '../support/text-fields.ts';

interface Answer {
  data?: Record<string, never> | null;
  errors?: { message: string; extensions: { code: string } }[];
}

const api = readFileSync(new URL('../../schema/client/generated/api.graphql', import.meta.url), 'utf8');
const fields = textFieldsIn(buildSchema(api));

/** One of each kind that ever caused a defect, and texts of any code units. */
const strange = [
  ...['', ' ', '10\r', 'a\nb', 'a\tb', '\0', 'x\u0085', '\u001b[2J', '\u2028'],
  ...['\ud83d', 'k\ud800', '\udc00\ud800', 'bent \ud83d wheel'],
  ...['\u202egreen', '\u2066x', '\u200b', '\u3164', '\u2800', '\u0301', '\u00ad', '\ufeff', '\ue000', '\ufdd0'],
  ...[
    'e\u0301',
    '\u00e9',
    '👨‍👩‍👧',
    '❤️',
    'שלום',
    '한',
    '%ff%00',
    '$where',
    'a.b',
    '__proto__',
    '{"$gt":""}',
    '"\'`;--',
    '=1+1',
  ],
  ...['x'.repeat(255), 'x'.repeat(256), '👍'.repeat(250), 'x'.repeat(1_001), 'x'.repeat(20_000)],
  ...fc.sample(
    fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 5 }).map((units) => {
      return String.fromCharCode(...units);
    }),
    { numRuns: 10, seed: 11 },
  ),
];
/** Faults that need no explanation to a client. */
const accidents = new Set(['INTERNAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE']);

describe('what a user writes', () => {
  let system: TestSystem;
  let token: string;

  beforeAll(async () => {
    system = await startSystem({ env: { MAX_RUNNING_PER_CLIENT: '1000' } });
    token = await system.token('10', ['admin']);
    const someone = await rider(system, '10');
    await someone.buys(5_000);
    const [bikeId = 0] = await registerBikes(system);
    await someone.reserves(bikeId);
  }, 240_000);
  afterAll(() => system.close(), 240_000);

  async function ask(query: string, variables: unknown): Promise<Answer> {
    const response = await fetch(`${system.routerUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as Answer;
  }

  it('can be written in the fields that this test knows of', () => {
    const names = fields.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'Query.user(userId)',
        'Query.bikes(filter.color)',
        'Mutation.registerBike(input.color)',
        'Mutation.registerBikes(input.bikes.0.color)',
        'Mutation.buyPoints(input.paymentToken)',
        'Mutation.discardParkedEvent(input.reason)',
        'Dashboard.reservations(filter.userId)',
      ]),
    );
    expect(names.length).toBeGreaterThan(30);
  });

  it.each(fields.map((field) => [field.name, field] as const))(
    'is taken or refused with a word in %s',
    async (_name, field) => {
      const rule = textRuleOf(field.own);
      const byItem = field.path.some((step) => itemLists.has(step));
      for (const text of strange) {
        const { data, errors = [] } = await ask(field.query, field.variables(text));
        const said = JSON.stringify({ text, data, errors });
        const codes = errors.map(({ extensions }) => extensions.code);
        expect([said, ...codes.filter((code) => accidents.has(code))]).toEqual([said]);
        for (const { message } of errors) {
          expect([said, message]).toEqual([said, sanitizeText(message, 1_100)]);
        }
        if (readText(text, rule).fault !== null && !byItem) expect([said, ...codes]).toEqual([said, 'BAD_USER_INPUT']);
      }
    },
    240_000,
  );

  it('comes back as it was, from answers, journals, broker and dashboard', async () => {
    const kept = strange.flatMap((text, index) => {
      const color = readText(text, textRuleOf('color'));
      const reason = readText(text, textRuleOf('reason'));
      const userId = readText(text, textRuleOf('userId'));
      const fits = color.text && Array.from(color.text).length <= 40;
      return [{ index, text, color: fits ? color.text : null, reason: reason.text, userId: userId.text }];
    });
    const expected = { colors: [] as string[], reasons: [] as string[], userIds: [] as string[] };
    const change = `mutation ($input: ChangeBikeConditionInput!) { changeBikeCondition(input: $input) { bike { history { reason } } } }`;
    for (const { index, text, color, reason, userId } of kept) {
      if (color) {
        const register =
          'mutation ($input: RegisterBikeInput!) { registerBike(input: $input) { bike { bikeId color } } }';
        const { data } = await ask(register, { input: { color: text } });
        expect(data).toMatchObject({ registerBike: { bike: { color } } });
        const listed = await ask('query ($color: String) { bikes(filter: { color: $color }) { nodes { color } } }', {
          color,
        });
        expect(listed.data).toMatchObject({ bikes: { nodes: expect.arrayContaining([{ color }]) } });
        expected.colors.push(color);
      }
      if (reason) {
        const condition = index % 2 === 0 ? 'MAINTENANCE' : 'LOST';
        const input = { bikeId: 1, reason: text };
        await ask(change, { input: { ...input, condition: 'IN_SERVICE' } });
        const { data } = await ask(change, { input: { ...input, condition } });
        expect(data).toMatchObject({
          changeBikeCondition: { bike: { history: expect.arrayContaining([expect.objectContaining({ reason })]) } },
        });
        expected.reasons.push(reason);
      }
      if (userId) {
        const buy = 'mutation ($input: BuyPointsInput!) { buyPoints(input: $input) { approval { confirmId userId } } }';
        const input = { userId, price: 2_000, idempotencyKey: `kept-${cut(text, 200)}` };
        const { data } = await ask(buy, { input });
        expect(data).toMatchObject({ buyPoints: { approval: { userId } } });
        expect((await ask(buy, { input })).data).toEqual(data);
        const [bikeId] = await registerBikes(system);
        const reserve =
          'mutation ($input: ReserveBikeInput!) { reserveBike(input: $input) { reservation { userId user { userId totalPoint } } } }';
        const reserved = await ask(reserve, { input: { userId, bikeId } });
        expect(reserved.data).toMatchObject({ reserveBike: { reservation: { userId, user: { userId } } } });
        expected.userIds.push(userId);
      }
    }
    const { journals, broker, dashboard } = await checkInvariants(system);
    const textsIn = (value: unknown) => new Set(allTexts(value));
    const bikes = [textsIn(journals.bike.map(({ events }) => events)), textsIn(broker)];
    for (const texts of bikes)
      for (const text of [...expected.colors, ...expected.reasons]) expect(texts).toContain(text);
    const riders = [
      textsIn(journals.point),
      textsIn(journals.reservation),
      textsIn(broker),
      textsIn([...dashboard.rows]),
    ];
    for (const texts of riders) for (const text of expected.userIds) expect(texts).toContain(text);
    for (const userId of expected.userIds) {
      const { data } = await ask(
        'query ($userId: ID) { dashboard { reservations(filter: { userId: $userId }) { nodes { userId } } } }',
        { userId },
      );
      expect(data).toMatchObject({ dashboard: { reservations: { nodes: [{ userId }] } } });
    }
    expect([expected.colors, expected.reasons, expected.userIds].every((texts) => texts.length > 8)).toBe(true);
  }, 240_000);
});

function allTexts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(allTexts);
}
