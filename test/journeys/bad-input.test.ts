import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT, generateKeyPair, importJWK, type JWK } from 'jose';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider, type Rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';

interface Answer {
  status: number;
  data?: Record<string, { refusal?: { code: string } | null } | null> | null;
  errors?: { message: string; path?: string[]; extensions: { code: string } }[];
}

describe('bad input gets a clear answer:', () => {
  let system: TestSystem;
  let user: Rider;
  let tokens: Record<'rider' | 'operator' | 'auditor', string>;
  let bikeId: number;

  beforeAll(async () => {
    system = await startSystem();
    user = await rider(system, 'user');
    tokens = {
      rider: await system.token('user', ['rider']),
      operator: await system.token('boss', ['operator']),
      auditor: await system.token('eyes', ['auditor']),
    };
    [bikeId = 0] = await registerBikes(system);
    await user.buys(5000);
  }, 240_000);
  afterAll(async () => {
    await checkInvariants(system);
    await system.close();
  }, 240_000);

  async function post(body: unknown, token?: string): Promise<Answer> {
    const response = await fetch(`${system.routerUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, ...((await response.json()) as object) };
  }
  const ask = (query: string, token?: string) => post({ query }, token);
  const codeOf = (answer: Answer) => answer.errors?.[0]?.extensions.code;
  const refusalOf = (answer: Answer) => Object.values(answer.data ?? {})[0]?.refusal?.code;

  it('an unknown bike', async () => {
    expect((await user.reserves(77)).status).toBe('BIKE_NOT_FOUND');
    expect((await ask('{ bike(bikeId: 77) { color } }')).data).toEqual({ bike: null });
  });

  it.each([
    ['of one service', ['fine', 'forbidden', 'fine']],
    ['the first of all', ['forbidden', 'fine', 'elsewhere']],
    ['between services', ['elsewhere', 'forbidden', 'wrong', 'fine']],
    ['the last of all', ['fine', 'elsewhere', 'wrong']],
  ] as const)('a mutation that fails hides none of the same document: %s', async (_what, steps) => {
    const fields = {
      fine: 'reserveBike(input: { bikeId: 78 }) { refusal { code } }',
      elsewhere: 'buyPoints(input: { price: 0 }) { refusal { code } }',
      forbidden: 'reserveBike(input: { bikeId: 1, userId: "other" }) { refusal { code } }',
      wrong: 'startRide(input: { reserveNo: 1, idempotencyKey: "\\u0000" }) { refusal { code } }',
    };
    const told = {
      fine: { refusal: { code: 'BIKE_NOT_FOUND' } },
      elsewhere: { refusal: { code: 'INVALID_PRICE' } },
      forbidden: null,
      wrong: null,
    };
    const answer = await ask(
      `mutation { ${steps.map((step, n) => `a${n}: ${fields[step]}`).join(' ')} }`,
      tokens.rider,
    );
    expect(answer.data).toEqual(Object.fromEntries(steps.map((step, n) => [`a${n}`, told[step]])));
    const failed = steps.flatMap((step, n) => (told[step] ? [] : [[`a${n}`]]));
    expect(answer.errors?.map(({ path }) => path)).toEqual(failed);
  });

  it('many unknown bikes at once, for none of which a rider waits longer than for one', async () => {
    const claims = Array.from(
      { length: 12 },
      (_, n) => `a${n}: reserveBike(input: { bikeId: ${7_000 + n} }) { refusal { code } }`,
    );
    const answer = await ask(`mutation { ${claims.join(' ')} }`, tokens.rider);
    expect(answer.errors).toBeUndefined();
    const codes = Object.values(answer.data ?? {}).map((payload) => payload?.refusal?.code);
    expect(codes).toEqual(claims.map(() => 'BIKE_NOT_FOUND'));
  });

  it.each(['0', '-1', '1000001', '9223372036854775807', '"9223372036854775807"'])('a price of %s', async (price) => {
    const answer = await ask(`mutation { buyPoints(input: { price: ${price} }) { refusal { code } } }`, tokens.rider);
    expect(refusalOf(answer)).toBe('INVALID_PRICE');
  });

  it.each(['1.5', '"a lot"', '9223372036854775808', '99999999999999999999', 'true'])(
    'a price of %s, which is no Long',
    async (price) => {
      const answer = await ask(`mutation { buyPoints(input: { price: ${price} }) { refusal { code } } }`, tokens.rider);
      expect(answer.data?.['buyPoints'] ?? null).toBeNull();
      expect(codeOf(answer)).toMatch(/^(BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED)$/);
      expect(answer.errors?.[0]?.message).toMatch(/Long/);
    },
  );

  it.each([
    ['empty', ''],
    ['blank', '   '],
    ['of 41 characters', 'x'.repeat(41)],
  ])('a color that is %s', async (_what, color) => {
    const answer = await ask(
      `mutation { registerBike(input: { color: ${JSON.stringify(color)} }) { refusal { code } } }`,
      tokens.operator,
    );
    expect(refusalOf(answer)).toBe('INVALID_COLOR');
  });

  it.each([
    [
      'a reason of 501 characters',
      'mutation ($text: String!) { changeBikeCondition(input: { bikeId: 1, condition: LOST, reason: $text }) { bike { bikeId } } }',
      501,
    ],
    [
      'a userId of 256 characters',
      'mutation ($text: ID!) { buyPoints(input: { userId: $text, price: 1 }) { refusal { code } } }',
      256,
    ],
  ])('%s, which no event could carry', async (_what, query, length) => {
    const answer = await post({ query, variables: { text: 'x'.repeat(length) } }, tokens.operator);
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
    expect(answer.errors?.[0]?.message).toMatch(/reason|userId/);
  });

  it('somebody else’s reservation', async () => {
    const { reserveNo } = await user.reserves(bikeId);
    const stranger = await rider(system, 'stranger');
    await expect(stranger.cancels(reserveNo)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(stranger.returns(reserveNo)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const token = await system.token('stranger', ['rider']);
    expect(codeOf(await ask(`{ reservation(reserveNo: ${reserveNo}) { userId } }`, token))).toBe('FORBIDDEN');
    expect(codeOf(await ask('{ user(userId: "user") { totalPoint } }', token))).toBe('FORBIDDEN');
    expect(await user.cancels(reserveNo)).toBe('CANCELLED');
  });

  it('a reservation that does not exist', async () => {
    expect(await user.cancels(4711)).toBe('RESERVATION_NOT_FOUND');
    expect(await user.starts(4711)).toBe('RESERVATION_NOT_FOUND');
  });

  it('no token', async () => {
    const answer = await ask('mutation { buyPoints(input: { price: 1 }) { refusal { code } } }');
    expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED']);
    expect((await ask(`{ bike(bikeId: ${bikeId}) { color currentReservation { userId } } }`)).data).toMatchObject({
      bike: { color: 'green', currentReservation: null },
    });
  });

  it('an expired token, and one with a wrong signature', async () => {
    const own = await importJWK(JSON.parse(system.env['DEV_TOKEN_PRIVATE_KEY'] ?? '') as JWK, 'EdDSA');
    const foreign = (await generateKeyPair('EdDSA')).privateKey;
    const sign = (key: typeof own, expires: string) =>
      new SignJWT({ roles: ['operator'] })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'development' })
        .setSubject('boss')
        .setExpirationTime(expires)
        .sign(key);
    for (const token of [await sign(own, '-1h'), await sign(foreign, '1h'), 'nonsense']) {
      const answer = await ask('{ me { userId } }', token);
      expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED']);
    }
    expect((await ask('{ me { userId } }', await sign(own, '1h'))).data).toEqual({ me: { userId: 'boss' } });
  });

  it.each([
    ['rider', 'mutation { registerBike(input: { color: "red" }) { bike { bikeId } } }'],
    ['auditor', 'mutation { registerBike(input: { color: "red" }) { bike { bikeId } } }'],
    ['auditor', 'mutation { reserveBike(input: { bikeId: 1, userId: "user" }) { refusal { code } } }'],
    ['rider', 'mutation { reserveBike(input: { bikeId: 1, userId: "other" }) { refusal { code } } }'],
    ['rider', 'mutation { buyPoints(input: { price: 1, userId: "other" }) { refusal { code } } }'],
    ['rider', 'mutation { changeBikeCondition(input: { bikeId: 1, condition: LOST }) { bike { bikeId } } }'],
    ['rider', '{ dashboard { cursor } }'],
    ['rider', '{ pointAccount(userId: "other") { totalPoint } }'],
    ['rider', '{ reservations(filter: { userId: "other" }) { totalCount } }'],
    ['rider', '{ approvals(filter: { userId: "other" }) { totalCount } }'],
  ] as const)('a role too low: %s may not %s', async (role, query) => {
    const answer = await ask(query, tokens[role]);
    expect(codeOf(answer)).toBe('FORBIDDEN');
  });

  it('malformed JSON, an unknown operation name, a batch, and no query', async () => {
    expect((await post('{"query": ')).status).toBe(400);
    const unknown = await post({ query: 'query A { me { userId } }', operationName: 'B' }, tokens.rider);
    expect(unknown.status).toBe(400);
    expect(unknown.errors?.[0]?.message).toMatch(/B/);
    expect((await post([{ query: '{ me { userId } }' }])).status).toBe(400);
    expect((await post({})).status).toBe(400);
  });

  it('a query of depth 30', async () => {
    const deep = (levels: number): string =>
      levels === 0 ? 'userId' : `reservations { nodes { user { ${deep(levels - 1)} } } }`;
    const answer = await ask(`{ me { ${deep(10)} } }`, tokens.rider);
    expect(answer.status).toBe(400);
    expect(answer.errors?.[0]?.message).toMatch(/deep|depth/i);
  });

  it('an idempotency key that was used with another body, or is too long', async () => {
    expect(await user.buys(100, 'key-1')).toBe('APPROVED');
    const before = await user.points();
    expect(await user.buys(100, 'key-1')).toBe('APPROVED');
    expect(await user.points()).toBe(before);
    expect(await user.buys(200, 'key-1')).toBe('IDEMPOTENCY_KEY_REUSED');
    await expect(user.buys(100, 'k'.repeat(256))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('a page of 0 or 201, and a cursor of another list', async () => {
    for (const page of ['first: 0', 'first: 201', 'first: -1', 'after: "nonsense"']) {
      const answer = await ask(`{ bikes(${page}) { totalCount } }`);
      expect(codeOf(answer)).toBe('BAD_USER_INPUT');
    }
  });
});
