import { GraphQLError } from 'graphql';
import { decodeJwt, type JWTPayload } from 'jose';
import * as oidc from 'openid-client';
import type { SignInFailure } from '../../../schema/sign-in.ts';
import { type ProcessSettings, type TokenVerifier, type Viewer } from '../../../platform/server/index.ts';
import type { SignInSettings } from '../settings.ts';

/** Nobody is signed in, for a reason that people can be told; the `cause` is for the log. */
export class SignInRefused extends Error {
  override name = 'SignInRefused';
  readonly reason: SignInFailure;
  constructor(reason: SignInFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** What must be remembered between the way to the provider and the way back. */
export interface Begun {
  state: string;
  nonce: string;
  verifier: string;
}

/** What the provider gave, which this API takes. */
export interface Granted {
  viewer: Viewer;
  accessToken: string;
  refreshToken: string | undefined;
  idToken: string | undefined;
}

export interface Provider {
  /** @throws {SignInRefused} */
  begin(wish: { language: string | null; asAnother: boolean }): Promise<{ address: URL; begun: Begun }>;
  /** @param answer the address, with its query, at which the browser came back. @throws {SignInRefused} */
  finish(answer: URL, begun: Begun): Promise<Granted>;
  /** @throws {SignInRefused} */
  renew(refreshToken: string): Promise<Granted>;
  /** Ends what was granted; the address at which the provider ends its own session, if it has one. @throws {SignInRefused} */
  end(granted: { refreshToken: string | undefined; idToken: string | undefined }): Promise<URL | undefined>;
}

interface ProviderOptions {
  settings: ProcessSettings & SignInSettings;
  issuer: URL;
  /** Where people come back to after they have signed out. */
  home: string;
  callback: string;
  verifyToken: TokenVerifier;
  now?: () => number;
}

/** An OpenID provider, asked as a client that keeps its secret (authorization code, PKCE, state and nonce). */
export function createProvider(options: ProviderOptions): Provider {
  const { settings, issuer, home, callback, verifyToken, now = Date.now } = options;
  let discovered: { configuration: Promise<oidc.Configuration>; at: number } | undefined;

  /** Its addresses and keys change rarely: read again as often as the keys of its tokens are. */
  function configuration(): Promise<oidc.Configuration> {
    if (discovered && performance.now() - discovered.at < settings.JWKS_MAX_AGE_MS) return discovered.configuration;
    const found = { configuration: discover(settings, issuer), at: performance.now() };
    discovered = found;
    found.configuration.catch(() => {
      if (discovered === found) discovered = undefined;
    });
    return found.configuration;
  }

  async function granted(tokens: oidc.TokenEndpointResponse): Promise<Granted> {
    const { access_token: accessToken, refresh_token: refreshToken, id_token: idToken } = tokens;
    return { viewer: await viewerOf(accessToken), accessToken, refreshToken, idToken };
  }

  /** Whom the router and the subgraphs will see in it: what they refuse, nobody is signed in with. */
  async function viewerOf(accessToken: string): Promise<Viewer> {
    const viewer = await verifyToken(`Bearer ${accessToken}`).catch((cause: unknown) => {
      throw new SignInRefused(whyNot(accessToken, cause, settings, now()), 'the token is not taken here', { cause });
    });
    if (!viewer) {
      const claim = `the token’s claim "${settings.ROLES_CLAIM}" gives no role here`;
      throw new SignInRefused('noRole', `${claim}, or it names no client of OWN_CLIENTS in "client_id" or "azp"`);
    }
    // To be signed in with it would be to see nothing.
    if (viewer.scopes) {
      throw new SignInRefused('unusable', 'the token names no client of OWN_CLIENTS in "client_id" or "azp"');
    }
    return viewer;
  }

  return {
    begin: told(async ({ language, asAnother }) => {
      const begun = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
      const { state, nonce, verifier } = begun;
      const address = oidc.buildAuthorizationUrl(await configuration(), {
        ...Object.fromEntries(new URLSearchParams(settings.OIDC_PARAMETERS)),
        ...(asAnother ? { prompt: 'login' } : {}),
        ...(language === null ? {} : { ui_locales: language }),
        redirect_uri: callback,
        scope: settings.OIDC_SCOPES,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      return { address, begun };
    }),
    finish: told(async (answer: URL, { state, nonce, verifier }: Begun) =>
      granted(
        await oidc.authorizationCodeGrant(await configuration(), answer, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
        }),
      ),
    ),
    renew: told(async (refreshToken: string) =>
      granted(await oidc.refreshTokenGrant(await configuration(), refreshToken)),
    ),
    end: told(async ({ refreshToken, idToken }) => {
      const known = await configuration();
      const { revocation_endpoint, end_session_endpoint } = known.serverMetadata();
      if (refreshToken !== undefined && revocation_endpoint !== undefined) {
        await oidc.tokenRevocation(known, refreshToken, { token_type_hint: 'refresh_token' });
      }
      if (end_session_endpoint === undefined) return undefined;
      return oidc.buildEndSessionUrl(known, {
        post_logout_redirect_uri: home,
        ...(idToken === undefined ? {} : { id_token_hint: idToken }),
      });
    }),
  };
}

function discover(settings: ProcessSettings & SignInSettings, issuer: URL): Promise<oidc.Configuration> {
  const { OIDC_CLIENT_ID = '', OIDC_CLIENT_SECRET, CLOCK_TOLERANCE_MS, JWKS_TIMEOUT_MS } = settings;
  const authentication = OIDC_CLIENT_SECRET === undefined ? oidc.None() : oidc.ClientSecretBasic(OIDC_CLIENT_SECRET);
  return oidc.discovery(issuer, OIDC_CLIENT_ID, { [oidc.clockTolerance]: CLOCK_TOLERANCE_MS / 1000 }, authentication, {
    timeout: JWKS_TIMEOUT_MS / 1000,
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so that it stands out: only on this machine.
    execute: issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : [],
  });
}

/** What fails within is refused with a reason. */
function told<Given extends unknown[], Made>(act: (...given: Given) => Promise<Made>) {
  return (...given: Given): Promise<Made> =>
    act(...given).catch((cause: unknown) => {
      if (cause instanceof SignInRefused) throw cause;
      throw new SignInRefused(reasonOf(cause), 'the provider gave no token', { cause });
    });
}

/** Errors of OAuth 2.0 (RFC 6749 §4.1.2.1, §5.2), of which people can be told more than that it failed. */
const reasons: Readonly<Record<string, SignInFailure>> = {
  access_denied: 'cancelled',
  login_required: 'cancelled',
  interaction_required: 'cancelled',
  server_error: 'away',
  temporarily_unavailable: 'away',
  // The code, or the session, has ended or was used before.
  invalid_grant: 'stale',
};

function reasonOf(error: unknown): SignInFailure {
  const isTold = error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError;
  const reason = isTold ? reasons[error.error] : undefined;
  if (reason) return reason;
  const causes = causesOf(error);
  const codes = causes.map(({ code }) => code);
  if (codes.includes('OAUTH_TIMEOUT') || causes.some(isUnanswered)) return 'away';
  if (codes.includes('OAUTH_JWT_TIMESTAMP_CHECK_FAILED')) return 'clock';
  return causes.some(({ message }) => String(message).includes('"iss" (issuer) response parameter'))
    ? 'mixedUp'
    : 'unusable';
}

/** What the errors behind it say, one after the other; without what an answer held, which may be a token. */
export const becauseOf = (error: unknown): string =>
  causesOf(error)
    .map(({ code, error: name, message }) => [code, name, message].filter((part) => typeof part === 'string').join(' '))
    .filter(Boolean)
    .join(': ');

/** An error, and what caused it. */
const causesOf = (error: unknown): Cause[] =>
  typeof error === 'object' && error !== null ? [error, ...causesOf((error as Cause).cause)] : [];

/** An error, or the answer that was one. */
interface Cause {
  name?: unknown;
  message?: unknown;
  code?: unknown;
  /** The code of an OAuth error. */
  error?: unknown;
  status?: unknown;
  cause?: unknown;
}

/** `fetch` got no answer, not all of it, or one of a server that is in trouble or has too much to do. */
const isUnanswered = ({ name, message, code, status }: Cause): boolean =>
  message === 'fetch failed' ||
  name === 'TimeoutError' ||
  (typeof code === 'string' && code.startsWith('UND_ERR_')) ||
  Number(status) >= 500 ||
  status === 429;

/** The issuer gives no keys, so that nobody can say whether a token is good. */
export const isSilence = (error: unknown): boolean =>
  error instanceof GraphQLError && error.extensions['code'] === 'SERVICE_UNAVAILABLE';

/** Why a token is not taken, as far as people can do something about it. */
function whyNot(token: string, error: unknown, settings: ProcessSettings, nowMs: number): SignInFailure {
  if (isSilence(error)) return 'away';
  let claims: JWTPayload;
  try {
    claims = decodeJwt(token);
  } catch {
    // Not one of ours to read: the provider must give tokens of RFC 9068.
    return 'unusable';
  }
  const { JWT_AUDIENCE, CLOCK_TOLERANCE_MS } = settings;
  if (JWT_AUDIENCE !== undefined && ![claims.aud].flat().includes(JWT_AUDIENCE)) return 'otherAudience';
  const { iat = 0, nbf = 0, exp = Infinity } = claims;
  const isEarly = Math.max(iat, nbf) * 1000 > nowMs + CLOCK_TOLERANCE_MS;
  return isEarly || exp * 1000 < nowMs - CLOCK_TOLERANCE_MS ? 'clock' : 'unusable';
}
