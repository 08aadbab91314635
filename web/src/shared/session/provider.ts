/** Signed in at an OpenID provider: the router holds what lasts, pages have the token of now, in memory alone. */
import {
  failureParameter,
  signInFailures,
  signInPaths,
  type SignedIn,
  type SignInFailure,
} from '../../../../schema/sign-in.ts';
import { askRouter } from '../api/ask-router.ts';
import { serverClock } from '../i18n/server-clock.ts';
import { steps } from '../ui/steps.ts';
import type { Config, Session } from './session.ts';

/** Why nobody is signed in; or, for `stillIn`, why somebody still is. */
export type SessionNotice = SignInFailure | 'stillIn';

/** One for both areas and for all tabs: whoever signs out does it everywhere. */
const tabs = 'BroadcastChannel' in globalThis ? new BroadcastChannel('ttareungi.session') : null;
/** One tab at a time renews: a provider may take a second use of the same token for a theft. */
const lock = 'ttareungi.session';

/** Leads to the provider and back to this page; from the address that the provider knows. */
export function signInAddress({ publicUrl = '' }: Config, language: string, notice: SessionNotice | null): string {
  const { pathname, search } = withoutNotice();
  const query = new URLSearchParams({ to: pathname + search, lang: language });
  // The account that is signed in there has no role here: another may.
  if (notice === 'noRole') query.set('as-another', '');
  return `${publicUrl}${signInPaths.begin}?${query.toString()}`;
}

/** What the way back from the provider has to tell. */
export function noticeIn(search: string): SessionNotice | null {
  const told = new URLSearchParams(search).get(failureParameter);
  return signInFailures.find((failure) => failure === told) ?? null;
}

/** It is said once: a reload does not say it again. */
export function forgetNotice(): void {
  if (noticeIn(location.search)) steps.replace(withoutNotice().href);
}

function withoutNotice(): URL {
  const address = new URL(location.href);
  address.searchParams.delete(failureParameter);
  return address;
}

class SignedOut extends Error {
  override name = 'SignedOut';
  readonly reason: SignInFailure;
  constructor(reason: SignInFailure) {
    super(reason);
    this.reason = reason;
  }
}

export interface Told {
  /** The session has ended by itself, or in another tab. */
  ended: (reason: SignInFailure) => void;
  /** The provider gives this person other roles now: from here on, this is their session. */
  changed: (session: Session) => void;
}

/** This browser's session; null without one. */
export async function resumeAtProvider(told: Told): Promise<Session | null> {
  let first: SignedIn;
  try {
    first = await askToken('', true);
  } catch (error) {
    if (!(error instanceof SignedOut)) throw error;
    if (error.reason !== 'ended') told.ended(error.reason);
    return null;
  }
  tabs?.addEventListener('message', () => told.ended('ended'), { once: true });
  return sessionOf(first, told);
}

function sessionOf(first: SignedIn, told: Told): Session {
  const { userId, roles } = first;
  let current = first;
  let renewing: Promise<SignedIn> | null = null;
  let isReplaced = false;
  return {
    userId,
    roles,
    async token(refused) {
      const isRefused = refused === current.token;
      if (!isRefused && serverClock.now() < Date.parse(current.renewAt)) return current.token;
      // Concurrent callers share one renewal.
      renewing ??= askToken(isRefused ? '?renew' : '').finally(() => (renewing = null));
      try {
        const next = await renewing;
        // Somebody else signed in meanwhile, in another tab.
        if (next.userId !== userId) throw new SignedOut('ended');
        current = next;
      } catch (error) {
        if (error instanceof SignedOut) told.ended(error.reason);
        throw error;
      }
      // What is under way goes on with the new token; the page shows what its person may do now.
      if (!isReplaced && !isSame(current.roles, roles)) {
        isReplaced = true;
        told.changed(sessionOf(current, told));
      }
      return current.token;
    },
  };
}

const isSame = (roles: readonly string[], others: readonly string[]) =>
  [...roles].sort().join() === [...others].sort().join();

/**
 * Signs out here, in other tabs and, by the address that it resolves with, there; this tab is the caller's to sign out.
 * @throws {Error} when the router does not answer
 */
export async function signOutAtProvider(): Promise<string> {
  // Not beside a renewal: its answer would sign in again.
  const response = await alone(() => askRouter(signInPaths.end, { method: 'POST' }));
  if (!response.ok) throw new Error(`${signInPaths.end} answered ${response.status}`);
  tabs?.postMessage('signed out');
  return ((await response.json()) as { to: string }).to;
}

/** @param isFirst nobody is signed in here yet. */
async function askToken(query: '' | '?renew', isFirst = false): Promise<SignedIn> {
  const ask = () => askRouter(signInPaths.token + query, { method: 'POST', cache: 'no-store' });
  const response = await alone(ask);
  if (response.ok) return (await response.json()) as SignedIn;
  const { reason } = (await response.json().catch(() => ({}))) as { reason?: SignInFailure };
  // Nobody is signed in; or may be at another address of the router, to which signing in leads.
  if (response.status === 401 || response.status === 403) throw new SignedOut(reason ?? 'ended');
  // The provider cannot tell. Who has no session signs in to try again; a session goes on, and is asked for again.
  if (isFirst && reason !== undefined) throw new SignedOut(reason);
  throw new Error(`${signInPaths.token} answered ${response.status}`);
}

/** There are no locks for pages without TLS. */
const alone = (ask: () => Promise<Response>): Promise<Response> =>
  'locks' in navigator ? navigator.locks.request(lock, ask) : ask();
