import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Config } from './session.ts';

const tokenWith = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;

describe('a token that was pasted', () => {
  let signInWith: (pasted: string, area: 'staff', config: Config) => unknown;
  beforeAll(async () => {
    Object.assign(globalThis, { location: { href: 'https://bikes.example/' } });
    ({ signInWith } = await import('./session.ts'));
  });
  afterAll(() => {
    Reflect.deleteProperty(globalThis, 'location');
  });

  const config = { landscape: 'production', devTokens: false };
  it.each([
    ['where the router finds them', { ...config, rolesClaim: 'https://bikes.example/roles' }, ['operator']],
    ['where they are by default, when an older router does not say', config, ['rider']],
    ['nowhere, when the claim is missing', { ...config, rolesClaim: 'groups' }, []],
    ['nowhere, when the claim is no list', { ...config, rolesClaim: 'sub' }, []],
  ])('has its roles %s', (_where, told, roles) => {
    const token = tokenWith({ sub: '길동', roles: ['rider'], 'https://bikes.example/roles': ['operator'] });
    expect(signInWith(` Bearer ${token}\n`, 'staff', told)).toMatchObject({ userId: '길동', roles });
  });

  it.each(['', 'a.b', tokenWith({}), tokenWith({ sub: 1 }), 'e30.e.x', tokenWith([])])('is none: %p', (text) => {
    expect(signInWith(text, 'staff', config)).toBeNull();
  });
});
