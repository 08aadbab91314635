/** What this browser agreed to: that one rider is told here while no page is open. A click says so, and nothing else. */
import { type Client, createClient } from '../../../../schema/client/client.ts';
import {
  type RefusalFieldsFragment,
  StartPushesDocument,
  StopPushesDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { deviceMemory } from '../api/memory.ts';
import type { Language } from '../i18n/language.ts';
import { graphqlUrl, type Session } from '../session/session.ts';

/** Of whom this browser is told: a subscription does not say. */
const consentKey = 'ttareungi.pushes';
/** How long a service worker and a push service may take, and a withdrawal to be heard before its session ends. */
const patienceMs = 10_000;

export const serviceWorkerPath = '/service-worker.js';

/** Why nothing can be pushed to this browser; null where it can. */
export type Obstacle = 'notInstalled' | 'noPushes';

export function obstacleHere(): Obstacle | null {
  if ('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window) return null;
  // Safari on phones has them once the page is on the home screen.
  return (navigator as { standalone?: boolean }).standalone === false ? 'notInstalled' : 'noPushes';
}

export const agreedFor = (): string | null => deviceMemory.get(consentKey);

/** The browser’s push service was not reached, or it has none. */
export class PushServiceAway extends Error {
  override name = 'PushServiceAway';
}

/**
 * Agrees, again too: with the key of now, to which another subscription may belong.
 *
 * @returns why it is not possible; null when this browser is told from now on.
 * @throws {PushServiceAway}
 */
export async function startPushes(
  client: Client,
  { userId, key, language }: { userId: string; key: string; language: Language },
): Promise<RefusalFieldsFragment | null> {
  const subscription = await subscribe(key).catch((error: unknown) => {
    throw new PushServiceAway(String(error));
  });
  const { p256dh = '', auth = '' } = subscription.toJSON().keys ?? {};
  const input = { endpoint: subscription.endpoint, p256dh, auth, language: language === 'ko' ? 'KO' : 'EN' } as const;
  const { refusal } = (await client.request(StartPushesDocument, { input })).startPushes;
  if (refusal) await forget(subscription);
  else deviceMemory.set(consentKey, userId);
  return refusal;
}

/** Takes it back. The browser is told no more even where the server does not hear of it: its push service says so. */
export async function stopPushes(client: Client): Promise<void> {
  const subscription = await subscriptionHere();
  if (!subscription) return deviceMemory.forget(consentKey);
  const heard = client.request(StopPushesDocument, { input: { endpoint: subscription.endpoint } });
  const [told, forgotten] = await Promise.allSettled([heard, forget(subscription)]);
  if (told.status === 'rejected' && forgotten.status === 'rejected') throw told.reason;
}

/** At a provider, who is signed in is who sits here: what another agreed to ends, whatever page is open. Never fails. */
export async function forgetPushesOfOthers({ userId }: Session): Promise<void> {
  const agreed = agreedFor();
  if (agreed !== null && agreed !== userId)
    await subscriptionHere()
      .then(forget)
      .catch(() => undefined);
}

/** Whoever signs out is told here no more. Never fails, and does not take long. */
export async function withdrawPushes({ userId, token }: Session): Promise<void> {
  if (agreedFor() !== userId) return;
  const client = createClient({ url: graphqlUrl, token });
  await soon(stopPushes(client)).catch(() => undefined);
  client.close();
}

async function subscribe(key: string): Promise<PushSubscription> {
  await navigator.serviceWorker.register(serviceWorkerPath);
  const { pushManager } = await soon(navigator.serviceWorker.ready);
  const kept = await pushManager.getSubscription();
  if (kept && keyOf(kept) === key) return kept;
  await kept?.unsubscribe();
  return soon(pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
}

function keyOf({ options }: PushSubscription): string {
  const bytes = new Uint8Array(options.applicationServerKey ?? new ArrayBuffer(0));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

async function subscriptionHere(): Promise<PushSubscription | null> {
  if (obstacleHere() !== null) return null;
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) ?? null;
}

async function forget(subscription: PushSubscription | null): Promise<void> {
  await subscription?.unsubscribe();
  deviceMemory.forget(consentKey);
}

function soon<Value>(what: Promise<Value>): Promise<Value> {
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error(`Not within ${patienceMs} ms.`)), patienceMs);
  });
  return Promise.race([what, late]);
}
