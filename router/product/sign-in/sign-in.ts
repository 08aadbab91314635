import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pageAddresses, placeAt } from '../../../schema/page-addresses.ts';
import { failureParameter, signInPaths, type SignedIn, type SignInFailure } from '../../../schema/sign-in.ts';
import {
  placeFor,
  sendJson,
  sendRefusal,
  type Guest,
  type Logger,
  type ProcessSettings,
  type RequestHandler,
  type TokenVerifier,
} from '../../../platform/server/index.ts';
import type { SignInSettings } from '../settings.ts';
import { becauseOf, createProvider, isSilence, SignInRefused, type Begun, type Granted } from './provider.ts';
import { createSealedCookies } from './sealed-cookies.ts';

interface SignInOptions {
  settings: ProcessSettings & SignInSettings;
  issuer: string;
  publicUrl: string;
  guestOf(request: IncomingMessage): Promise<Guest>;
  verifyToken: TokenVerifier;
  logger: Logger;
  now?: () => number;
}

/** For as long as somebody may take to sign in at the provider. */
const beginLastsMs = 600_000;
/** A token that ends sooner is renewed before it is given out; a shorter one in the second half of its life. */
const renewBeforeMs = 60_000;
/** Another tab may have asked with the cookie of before; a provider takes a second use of it for a theft. */
const renewedKeptMs = 10_000;
/** Until a page asks again whose token still serves: it would ask before each request while the provider is away. */
const askAgainMs = 5_000;
/** Of what a page's address says; with the rest of what is remembered, far less than a cookie holds. */
const longestReturn = 1_000;

/**
 * Signs people in at an OpenID provider (docs/adr/0020-sign-in.md): its lasting tokens stay in sealed cookies, pages get
 * the short-lived one that the graph takes.
 */
export function createSignIn(options: SignInOptions): Record<string, RequestHandler> {
  const { settings, publicUrl, guestOf, verifyToken, logger, now = Date.now } = options;
  const { origin } = new URL(publicUrl);
  const provider = createProvider({
    settings,
    issuer: new URL(options.issuer),
    home: `${publicUrl}/`,
    callback: publicUrl + signInPaths.callback,
    verifyToken,
    now,
  });
  const cookies = createSealedCookies({
    secrets: settings.SESSION_SECRET,
    path: '/auth',
    isSecure: origin.startsWith('https:'),
    now,
  });
  const renewing = new Map<string, Promise<Granted>>();

  async function begin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = queryOf(request);
    const to = pageIn(asked.get('to'));
    try {
      const wish = { language: languageIn(asked.get('lang')), asAnother: asked.has('as-another') };
      const { address, begun } = await provider.begin(wish);
      const remembered = { ...begun, to };
      // Lax, because it is the provider that leads the browser back.
      const cookie = await cookies.seal('begun', remembered, { endsAtMs: now() + beginLastsMs, sameSite: 'Lax' });
      redirect(response, address.href, [cookie]);
    } catch (error) {
      redirect(response, toldOn(to, refusal(error)));
    }
  }

  async function finish(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const begun = (await cookies.open(request, 'begun')) as (Begun & { to: string }) | undefined;
    const answer = new URL(publicUrl + signInPaths.callback);
    answer.search = queryOf(request).toString();
    // Anybody's link leads here: one that was not asked for must not end a way that was.
    const isAnswer = begun !== undefined && answer.searchParams.get('state') === begun.state;
    const over = isAnswer ? [cookies.clear('begun')] : [];
    try {
      if (!isAnswer) throw new SignInRefused('stale', 'the answer is to no question of this browser');
      const kept = await keep(await provider.finish(answer, begun));
      // What somebody else left here comes first, so that it is gone where nothing takes its place.
      redirect(response, begun.to, [...forgotten(), ...kept, ...over]);
    } catch (error) {
      redirect(response, toldOn(begun?.to ?? pageAddresses.dashboard, refusal(error)), over);
    }
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let current: Current | undefined;
    try {
      current = await currentOf(request);
      const isDue = current === undefined || current.renewAtMs <= now() || queryOf(request).has('renew');
      const refreshToken = isDue ? await tokenIn(request, 'refresh') : undefined;
      if (refreshToken === undefined) {
        return current ? sendJson(response, 200, signedInAs(current, current.renewAtMs)) : signedOut(response, 'ended');
      }
      const granted = await renewOnce(refreshToken);
      response.setHeader('set-cookie', await keep(granted));
      sendJson(response, 200, signedInAs(granted));
    } catch (error) {
      const reason = refusal(error);
      if (reason === 'stale' || reason === 'noRole') return signedOut(response, reason === 'stale' ? 'ended' : reason);
      // It may work again: nobody is signed out for it.
      if (current) return sendJson(response, 200, signedInAs(current, laterFor(current)));
      sendRefusal(request, response, { status: 503, body: { reason } });
    }
  }

  async function end(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [refreshToken, idToken] = [await tokenIn(request, 'refresh'), await tokenIn(request, 'id')];
    response.setHeader('set-cookie', forgotten());
    try {
      const address = await provider.end({ refreshToken, idToken });
      sendJson(response, 200, { to: address?.href ?? pageAddresses.dashboard });
    } catch (error) {
      refusal(error);
      sendJson(response, 200, { to: toldOn(pageAddresses.dashboard, 'outHere') });
    }
  }

  /** Tabs that renew at once share one renewal. */
  function renewOnce(refreshToken: string): Promise<Granted> {
    const name = createHash('sha256').update(refreshToken).digest('base64');
    const begun = renewing.get(name);
    if (begun) return begun;
    const renewal = provider.renew(refreshToken);
    renewing.set(name, renewal);
    const forget = () => renewing.delete(name);
    renewal.then(() => void setTimeout(forget, renewedKeptMs).unref(), forget);
    return renewal;
  }

  async function keep({ viewer, accessToken, refreshToken, idToken }: Granted): Promise<string[]> {
    const { expiresAtMs: endsAtMs } = viewer;
    const access = await cookies.seal('access', { token: accessToken, renewAtMs: renewalOf(endsAtMs) }, { endsAtMs });
    if (access === undefined) throw new SignInRefused('unusable', 'the access token is longer than a cookie may be');
    const lasting = Object.entries({ refresh: refreshToken, id: idToken }).map(async ([name, said]) => {
      const cookie = said === undefined ? undefined : await cookies.seal(name, { token: said });
      if (said !== undefined && cookie === undefined) logger.warn({ name }, 'a token is longer than a cookie may be');
      return cookie;
    });
    return [access, ...(await Promise.all(lasting))].filter((cookie) => cookie !== undefined);
  }

  const forgotten = () => ['access', 'refresh', 'id'].map((name) => cookies.clear(name));

  function signedOut(response: ServerResponse, reason: SignInFailure): void {
    response.setHeader('set-cookie', forgotten());
    sendJson(response, 401, { reason });
  }

  async function tokenIn(request: IncomingMessage, name: string): Promise<string | undefined> {
    const said = await cookies.open(request, name);
    return typeof said?.['token'] === 'string' ? said['token'] : undefined;
  }

  function signedInAs({ viewer, accessToken }: Pick<Granted, 'viewer' | 'accessToken'>, renewAtMs?: number): SignedIn {
    const { userId, roles, expiresAtMs } = viewer;
    return { token: accessToken, renewAt: new Date(renewAtMs ?? renewalOf(expiresAtMs)).toISOString(), userId, roles };
  }

  const laterFor = ({ viewer }: Current) => now() + Math.min(askAgainMs, (viewer.expiresAtMs - now()) / 2);

  const renewalOf = (endsAtMs: number) => endsAtMs - Math.min(renewBeforeMs, (endsAtMs - now()) / 2);

  /** As whom the browser is signed in until its access token ends. */
  async function currentOf(request: IncomingMessage): Promise<Current | undefined> {
    const said = await cookies.open(request, 'access');
    const accessToken = typeof said?.['token'] === 'string' ? said['token'] : undefined;
    if (accessToken === undefined) return undefined;
    const viewer = await verifyToken(`Bearer ${accessToken}`).catch((cause: unknown) => {
      if (isSilence(cause)) throw new SignInRefused('away', 'the token cannot be checked', { cause });
      // Its key was withdrawn, say: then another is needed.
      return null;
    });
    return viewer ? { viewer, accessToken, renewAtMs: Number(said?.['renewAtMs']) } : undefined;
  }

  function refusal(error: unknown): SignInFailure {
    if (!(error instanceof SignInRefused)) throw error;
    const isOurs = error.reason !== 'cancelled' && error.reason !== 'stale';
    logger[isOurs ? 'warn' : 'debug'](
      { err: error, reason: error.reason, because: becauseOf(error) },
      'nobody is signed in',
    );
    return error.reason;
  }

  /** A page of here, whatever a link says. */
  function pageIn(text: string | null): string {
    if (text === null || !URL.canParse(text, origin)) return pageAddresses.dashboard;
    const { origin: host, pathname, search } = new URL(text, origin);
    const place = host === origin ? placeAt(pathname) : undefined;
    const page = pageAddresses[place ?? 'dashboard'];
    // Of one that is too long to be remembered, the page at least.
    return place && search.length <= longestReturn ? page + search : page;
  }

  const get = (act: Act) => handled('GET', act, () => true);
  /** A page of another site can send one, and hears nothing of the answer; it must change nothing either. */
  const post = (act: Act) => handled('POST', act, ({ headers }) => headers.origin === origin);

  function handled(method: string, act: Act, mayAsk: (request: IncomingMessage) => unknown): RequestHandler {
    return async (request, response) => {
      response.setHeader('cache-control', 'no-store');
      if (request.method !== method) {
        response.setHeader('allow', method);
        return sendRefusal(request, response, { status: 405, body: { error: `This is for ${method}.` } });
      }
      if (!mayAsk(request)) {
        return sendRefusal(request, response, { status: 403, body: { error: `This is for pages of ${origin}.` } });
      }
      const place = placeFor(await guestOf(request), 'operations');
      try {
        await act(request, response);
      } finally {
        place.leave();
      }
    };
  }

  return {
    [signInPaths.begin]: get(begin),
    [signInPaths.callback]: get(finish),
    [signInPaths.token]: post(token),
    [signInPaths.end]: post(end),
  };
}

/** Of a session whose token still serves. */
interface Current extends Pick<Granted, 'viewer' | 'accessToken'> {
  renewAtMs: number;
}

type Act = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const queryOf = ({ url = '' }: IncomingMessage) => new URLSearchParams(url.split('?').slice(1).join('?'));

/** One that pages speak: the provider may have its own pages in it. */
const languageIn = (text: string | null) => (text === 'ko' || text === 'en' ? text : null);

/** A page's address with what it is to tell. */
function toldOn(page: string, reason: SignInFailure): string {
  const [path = '', search] = page.split('?');
  const query = new URLSearchParams(search);
  query.set(failureParameter, reason);
  return `${path}?${query.toString()}`;
}

function redirect(response: ServerResponse, location: string, cookies: readonly (string | undefined)[] = []): void {
  response.writeHead(303, {
    location,
    'set-cookie': cookies.filter((cookie) => cookie !== undefined),
    'referrer-policy': 'no-referrer',
    'content-length': 0,
  });
  response.end();
}
