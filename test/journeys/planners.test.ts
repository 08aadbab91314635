import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { allowInsecureRequests } from 'openid-client';
import type { Client } from '../../schema/client/client.ts';
import {
  BuyPointsDocument,
  CancelReservationDocument,
  MoveBikesDocument,
  RegisterBikeDocument,
  ReservationDocument,
} from '../../schema/client/generated/graphql.ts';
import { askForConsent, clientFor, follow, reserveNear, tokenFrom } from '../../schema/client/planner-example.ts';
import { startOpenIdProvider, planner, type OpenIdProvider } from '../support/openid-provider.ts';
import { until } from '../support/until.ts';
import { startSystem, type TestSystem } from '../support/system.ts';

const registered = (issuer: string) => ({ ...planner, issuer: new URL(issuer), resource: 'https://bikes.example' });

/** The rider's browser at the provider: cookies, redirects, and its two forms. */
async function browse(address: URL, answer: 'yes' | 'no'): Promise<URL> {
  const cookies = new Map<string, string>();
  async function go(at: string, init: RequestInit = {}): Promise<[URL, string]> {
    for (let [url, sent] = [at, init]; ; sent = {}) {
      if (url.startsWith(planner.callback)) return [new URL(url), ''];
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { ...sent, redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      const to = response.headers.get('location');
      if (to === null) return [new URL(url), await response.text()];
      url = new URL(to, url).href;
    }
  }
  let [url, html] = await go(address.href);
  for (let steps = 0; !url.href.startsWith(planner.callback) && steps < 10; steps += 1) {
    const isLogin = html.includes('name="login"');
    if (!isLogin && answer === 'no') [url, html] = await go(`${url.href}/abort`);
    else {
      const body = new URLSearchParams({ prompt: isLogin ? 'login' : 'consent', login: '10', password: 'any' });
      [url, html] = await go(url.href, { method: 'POST', body });
    }
  }
  return url;
}

interface Answer {
  data?: unknown;
  errors?: { extensions: { code: string } }[];
}

describe('a journey planner', () => {
  let provider: OpenIdProvider;
  let system: TestSystem;
  const clients: Client[] = [];

  beforeAll(async () => {
    provider = await startOpenIdProvider(() => ['https://bikes.example']);
    const { JWKS_URI, JWT_ISSUER, JWT_AUDIENCE, OWN_CLIENTS } = provider.settings('https://bikes.example');
    system = await startSystem({ env: { JWKS_URI, JWT_ISSUER, JWT_AUDIENCE, OWN_CLIENTS } });
    const operator = await own('boss', 'operator');
    const { registerBike } = await operator.request(RegisterBikeDocument, { input: { color: 'green' } });
    const bikeId = registerBike.bike?.bikeId ?? 0;
    const moves = [{ bikeId, position: { latitude: 37.5665, longitude: 126.978 } }];
    await until('the bike is known where it is moved', async () => {
      const { moveBikes } = await operator.request(MoveBikesDocument, { input: { moves } });
      return moveBikes.results.every(({ refusal }) => refusal === null);
    });
    await (await own('10', 'rider')).request(BuyPointsDocument, { input: { price: 5_000 } });
  }, 240_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    await system.close();
    await provider.close();
  }, 240_000);

  const consent = () =>
    // A provider on this machine has no TLS.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    askForConsent(registered(provider.issuer), { execute: [allowInsecureRequests] });
  const clientWith = (token: string) => {
    const client = clientFor(system.routerUrl, token);
    clients.push(client);
    return client;
  };
  const own = async (sub: string, ...roles: string[]) => clientWith(await provider.sign({ sub, roles }));

  it('reserves for a rider who agreed, follows it, and cancels', async () => {
    const asked = await consent();
    const token = await tokenFrom(asked, await browse(asked.address, 'yes'));
    const client = clientWith(token);
    const told: string[] = [];
    void (async () => {
      for await (const { reserveNo, reserveStatus } of follow(client)) told.push(`${reserveNo} ${reserveStatus}`);
    })().catch(() => undefined);
    const cancel = (reserveNo: number) => client.request(CancelReservationDocument, { input: { reserveNo } });
    let last = 0;
    await until('the planner hears of what it does', async () => {
      const reservation = await reserveNear(client, 37.5664, 126.9781);
      expect(reservation).toMatchObject({ userId: '10', reserveStatus: 'RESERVED' });
      if ('reserveNo' in reservation) last = reservation.reserveNo;
      expect(await client.request(ReservationDocument, { reserveNo: last })).toMatchObject({
        reservation: { reserveNo: last },
      });
      expect((await cancel(last)).cancelReservation.reservation?.reserveStatus).toBe('CANCELLED');
      return told.includes(`${last} CANCELLED`);
    });
    expect((await cancel(last)).cancelReservation.refusal).toMatchObject({ code: expect.any(String) });
    expect(await reserveNear(client, 35.1796, 129.0756)).toEqual({ none: 'NO_BIKE_NEAR' });
  });

  it('has nothing when the rider says no', async () => {
    const asked = await consent();
    const back = await browse(asked.address, 'no');
    await expect(tokenFrom(asked, back)).rejects.toMatchObject({ error: 'access_denied' });
  });

  /** What the rider’s token says to a planner with these scopes: values, and codes of errors. */
  async function ask(
    scope: string,
    query: string,
    url = system.routerUrl,
    variables = {},
  ): Promise<[unknown, string[]]> {
    const token = await provider.sign({ sub: '10', roles: ['rider', 'admin'], client_id: planner.clientId, scope });
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors = [] } = (await response.json()) as Answer;
    return [data, errors.map(({ extensions }) => extensions.code)];
  }

  it('sees of the rider what they agreed to, however it asks', async () => {
    const balance = '{ me { userId totalPoint } }';
    expect(await ask('balance', balance)).toEqual([{ me: { userId: '10', totalPoint: 5_000 } }, []]);
    expect(await ask('rides', balance)).toEqual([{ me: null }, ['FORBIDDEN']]);
    expect(await ask('', balance)).toEqual([{ me: null }, []]);
    const rides = '{ me { reservations { totalCount } } }';
    expect(await ask('balance', rides)).toEqual([{ me: null }, ['FORBIDDEN']]);
    expect((await ask('rides', rides))[1]).toEqual([]);
    const payments = '{ me { approvals { totalCount } pointEntries { totalCount } } }';
    expect(new Set((await ask('rides balance', payments))[1])).toEqual(new Set(['FORBIDDEN']));
    const through =
      '{ bikesNear(near: { latitude: 37.5665, longitude: 126.978 }) { bike { isAvailable reservations { totalCount } } } }';
    expect((await ask('rides balance', through))[1]).toEqual(['FORBIDDEN']);
    const trail = '{ reservations { nodes { reserveStatus overtime history { by } } } }';
    expect(new Set((await ask('rides', trail))[1])).toEqual(new Set(['FORBIDDEN']));
  });

  it('can call in any language, as the page shows', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/planners.md'), 'utf8');
    const body = /(?<=curl [^\n]* -d ')[^']+/.exec(page)?.[0] ?? '';
    const { query, variables } = JSON.parse(body) as { query: string; variables: object };
    const [data, errors] = await ask('rides', query, system.routerUrl, { ...variables, bikeId: 999_999 });
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ reserveBike: { reservation: null, refusal: { code: 'BIKE_NOT_FOUND' } } });
  });

  it('cannot ask a subgraph for more than the router', async () => {
    const { port } = system.services?.point ?? { port: 0 };
    const entity =
      '{ _entities(representations: [{ __typename: "User", userId: "10" }]) { ... on User { totalPoint } } }';
    const at = `http://127.0.0.1:${port}`;
    expect(await ask('balance', entity, at)).toEqual([{ _entities: [{ totalPoint: 5_000 }] }, []]);
    expect((await ask('rides', entity, at))[1]).toEqual(['FORBIDDEN']);
    expect((await ask('', entity, at))[1]).toEqual(['FORBIDDEN']);
  });

  it('reads no exports and no parked events with an admin’s token', async () => {
    const token = await provider.sign({
      sub: 'boss',
      roles: ['rider', 'admin'],
      client_id: planner.clientId,
      scope: 'rides',
    });
    const headers = { authorization: `Bearer ${token}` };
    const exported = await fetch(`${system.routerUrl}/exports/reservations.json`, { headers });
    expect(exported.status).toBe(403);
    await exported.body?.cancel();
  });
});
