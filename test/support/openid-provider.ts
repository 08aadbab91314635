import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import Provider from 'oidc-provider';

/** A real OpenID provider (oidc-provider) whose people sign in by their name alone. */
export interface OpenIdProvider {
  issuer: string;
  /** What a router needs to be told of it; and where it is called `publicUrl`. */
  settings(publicUrl: string): NodeJS.ProcessEnv;
  /** For whom its tokens are from now on. */
  audience: string;
  /** For how long, in seconds. */
  tokenLastsSeconds: number;
  /** Who has which roles from now on; others have an account, and none here. */
  roles: Readonly<Record<string, readonly string[]>>;
  /** A token as it signs them, for what a test does beside. */
  sign(claims: JWTPayload): Promise<string>;
  /** Its doors: while it is away, connections are cut. */
  isAway: boolean;
  /** What is wrong with it when it is to give a token. */
  trouble: ProviderTrouble | null;
  /** What was asked of it: methods and paths. */
  asked: string[];
  close(): Promise<void>;
}

export type ProviderTrouble = 'has too much to do' | 'fails' | 'stops midway' | 'never ends';

/** Answers as a provider in trouble does. */
function inTrouble(trouble: ProviderTrouble, response: ServerResponse): void {
  const status = { 'has too much to do': 429, fails: 503, 'stops midway': 200, 'never ends': 200 }[trouble];
  response.writeHead(status, { 'content-type': 'application/json' });
  if (status !== 200) return void response.end('{"error":"of_its_own"}');
  response.write('{"access_token":', () => trouble === 'stops midway' && response.destroy());
}

export const usualRoles: OpenIdProvider['roles'] = { '10': ['rider'], boss: ['operator'] };

const clientId = 'ttareungi-pages';
const clientSecret = 'a secret of client and provider';

/** A client of somebody else's, without a secret. */
export const planner = { clientId: 'a-planner', callback: 'https://planner.example/callback' };

export async function startOpenIdProvider(callbacks: () => string[]): Promise<OpenIdProvider> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'test' };
  const server = createServer((request, response) => {
    if (state.isAway) return void request.socket.destroy();
    const asked = `${request.method} ${(request.url ?? '').split('?', 1)[0]}`;
    state.asked.push(asked);
    if (state.trouble && asked === 'POST /token') return inTrouble(state.trouble, response);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state: OpenIdProvider = {
    issuer,
    settings: (publicUrl) => ({
      PUBLIC_URL: publicUrl,
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: clientId,
      OIDC_CLIENT_SECRET: clientSecret,
      OWN_CLIENTS: clientId,
      OIDC_PARAMETERS: 'prompt=consent',
      SESSION_SECRET: 'x'.repeat(32),
      JWKS_URI: `${issuer}/jwks`,
      JWT_ISSUER: issuer,
      JWT_AUDIENCE: 'https://bikes.example',
    }),
    audience: 'https://bikes.example',
    tokenLastsSeconds: 600,
    roles: usualRoles,
    isAway: false,
    trouble: null,
    asked: [],
    sign: (claims) =>
      new SignJWT({ aud: state.audience, client_id: clientId, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: key.kid })
        .setIssuer(issuer)
        .setExpirationTime('10 minutes')
        .sign(privateKey),
    close: () => new Promise((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
  };
  const provider = quietly(
    () =>
      new Provider(issuer, {
        jwks: { keys: [key] },
        cookies: { keys: ['of a test'] },
        clients: [
          {
            client_id: clientId,
            client_secret: clientSecret,
            grant_types: ['authorization_code', 'refresh_token'],
            redirect_uris: callbacks().map((origin) => `${origin}/auth/callback`),
            post_logout_redirect_uris: callbacks().map((origin) => `${origin}/`),
          },
          {
            client_id: planner.clientId,
            token_endpoint_auth_method: 'none',
            grant_types: ['authorization_code', 'refresh_token'],
            redirect_uris: [planner.callback],
          },
        ],
        rotateRefreshToken: true,
        pkce: { required: () => true },
        scopes: ['openid', 'offline_access'],
        features: {
          rpInitiatedLogout: {
            enabled: true,
            logoutSource: (context: { body: string }, form: string) => {
              context.body = `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`;
            },
          },
          revocation: { enabled: true, allowedPolicy: () => true },
          resourceIndicators: {
            enabled: true,
            defaultResource: () => 'https://bikes.example',
            useGrantedResource: () => true,
            getResourceServerInfo: () => ({
              scope: 'rides balance',
              audience: state.audience,
              accessTokenFormat: 'jwt',
              accessTokenTTL: state.tokenLastsSeconds,
            }),
          },
        },
        findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
        extraTokenClaims: (_context: unknown, token: { accountId: string }) => ({
          roles: state.roles[token.accountId] ?? [],
        }),
        ttl: {
          AccessToken: () => state.tokenLastsSeconds,
          ...Object.fromEntries(
            ['AuthorizationCode', 'Grant', 'IdToken', 'Interaction', 'RefreshToken', 'Session'].map((name) => [
              name,
              () => 3_600,
            ]),
          ),
        },
      }),
  );
  const answer = provider.callback();
  return state;
}

/** It warns of what makes it fit for tests. */
function quietly<Made>(make: () => Made): Made {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return make();
  } finally {
    console.warn = warn;
  }
}
