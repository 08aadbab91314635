import { createECDH } from 'node:crypto';
import webPush from 'web-push';
import type { Occasion } from './occasions.ts';
import { textOf } from './texts.ts';
import type { NewPushSubscription, PushSubscriptionRow } from './subscriptions.ts';

/** What became of a push. */
export type Outcome =
  | { is: 'taken' }
  /** The browser is gone, or took its consent back. */
  | { is: 'gone' }
  /** Not now. */
  | { is: 'later'; afterMs: number }
  /** It may have been taken, or can never be. */
  | { is: 'lost'; because: string };

export interface PushKeys {
  publicKey: string;
  privateKey: string;
  /** Whom a push service may write to. */
  subject: string;
}

/** A push service that takes longer is not waited for. */
const answerTimeoutMs = 5_000;
/** How a push is lost to one that does not answer in time. */
export const silence = 'TimeoutError';
/** Between two tries of a push service that fails, if it does not say. */
const retryMs = 10_000;
/** No occasion lasts so long that waiting for longer would be of use. */
export const longestRetryMs = 600_000;

/** No push service was reached: nothing was told. */
const neverLeft: ReadonlySet<string | undefined> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Whether browsers' endpoints may be asked: whoever names one has this service send requests there. So only those of
 * push services that are known, by host (`*.host` for any below it) or by origin.
 */
export function isKnownService(endpoint: string, services: readonly string[]): boolean {
  const url = URL.parse(endpoint);
  if (!url || url.username !== '' || url.password !== '') return false;
  return services.some((service) => {
    if (service.includes('://')) return URL.parse(service)?.origin === url.origin;
    if (url.protocol !== 'https:' || url.port !== '') return false;
    return service.startsWith('*.') ? url.hostname.endsWith(service.slice(1)) : url.hostname === service;
  });
}

/** Whether something can be encrypted for these keys: a point of the curve P-256, and 16 bytes. */
export function areKeys({ p256dh, auth }: Pick<NewPushSubscription, 'p256dh' | 'auth'>): boolean {
  if (![p256dh, auth].every((key) => /^[\w-]+$/.test(key)) || Buffer.from(auth, 'base64url').length !== 16)
    return false;
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  try {
    ecdh.computeSecret(Buffer.from(p256dh, 'base64url'));
    return Buffer.from(p256dh, 'base64url').length === 65;
  } catch {
    return false;
  }
}

/** Sends a push, encrypted for this browser alone (RFC 8291), signed as this city's (RFC 8292). */
export async function push(
  keys: PushKeys,
  { endpoint, p256dh, auth, language }: PushSubscriptionRow,
  occasion: Occasion,
  now: Date,
): Promise<Outcome> {
  try {
    const { method, headers, body } = webPush.generateRequestDetails(
      { endpoint, keys: { p256dh, auth } },
      JSON.stringify({ ...textOf(occasion, language), tag: occasion.name, url: '/ride' }),
      {
        vapidDetails: keys,
        // The push service forgets it when there is nothing to tell any more.
        TTL: Math.max(1, Math.floor((Date.parse(occasion.until) - now.getTime()) / 1_000)),
        urgency: 'high',
      },
    );
    const response = await fetch(endpoint, {
      method,
      headers: headers as Record<string, string>,
      body: new Uint8Array(body),
      // Elsewhere is not where the service was allowed to be.
      redirect: 'manual',
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    // What else it says is not read.
    await response.body?.cancel();
    return outcomeOf(response, now);
  } catch (error) {
    const { name = 'unknown', cause } = error as { name?: string; cause?: { code?: string } };
    if (neverLeft.has(cause?.code)) return { is: 'later', afterMs: retryMs };
    return { is: 'lost', because: cause?.code ?? name };
  }
}

function outcomeOf({ ok, status, headers }: Response, now: Date): Outcome {
  if (ok) return { is: 'taken' };
  if (status === 404 || status === 410) return { is: 'gone' };
  if (status !== 429 && status < 500) return { is: 'lost', because: `HTTP ${status}` };
  const given = headers.get('retry-after') ?? '';
  const asked = /^\d+$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - now.getTime();
  return { is: 'later', afterMs: Math.min(longestRetryMs, Math.max(retryMs, asked || 0)) };
}
