import { createECDH } from 'node:crypto';
import { z } from 'zod';
import type { Runtime } from '../../../platform/index.ts';
import { createNotifier } from './notifier.ts';
import type { Due, RiderNow } from './occasions.ts';
import { areKeys, isKnownService, push } from './push-service.ts';
import { createPushSubscriptions, type PushLanguage } from './subscriptions.ts';

export interface StartPushesInput {
  endpoint: string;
  p256dh: string;
  auth: string;
  language: PushLanguage;
}

export interface StopPushesInput {
  endpoint?: string | null;
}

export interface PushesOptions {
  privateKey: string | undefined;
  /** An e-mail address. */
  contact: string;
  services: readonly string[];
  holdMs: number;
  /** Riders of whom there may be something to tell; each once. */
  ridersWith(due: Due): Promise<readonly string[]>;
  ridersNow(userIds: readonly string[]): Promise<(userId: string) => RiderNow>;
}

interface Payload {
  browsers: number;
  refusal: { code: string; because: string } | null;
}

/** An offer lasts for two minutes: so much of it may be over when its rider hears. */
const everyMs = 5_000;
/** How long point may take to say how long a ride is free; without an answer the next look asks again. */
const tariffTimeoutMs = 500;
/** A tariff changes with a restart of point. */
const tariffLastsMs = 300_000;

const tariffAnswer = z.object({ freeMinutes: z.number() });

/** Of the browsers of riders who agreed: what they are told while no page is open. */
export function createPushes(runtime: Runtime, { privateKey, contact, services, ...options }: PushesOptions) {
  const { clock, bus, logger, time } = runtime;
  const subscriptions = createPushSubscriptions(runtime.database);
  const keys =
    privateKey === undefined
      ? undefined
      : { privateKey, publicKey: publicKeyOf(privateKey) ?? '', subject: `mailto:${contact}` };
  const counted = runtime.metrics.counter(
    'ttareungi_pushes_total',
    'Pushes to browsers, by what became of them: taken, gone, later, lost.',
    'outcome',
  );

  let tariff: { freeMs?: number; until: number } = { until: 0 };
  async function freeMs(): Promise<number | undefined> {
    const now = time.now();
    if (now < tariff.until) return tariff.freeMs;
    try {
      const { freeMinutes } = tariffAnswer.parse(await bus.ask('point', 'tariff', null, tariffTimeoutMs));
      tariff = { freeMs: freeMinutes * 60_000, until: now + tariffLastsMs };
    } catch {
      // What it said last is nearer to the truth than silence, and no page of this look waits for it again.
      tariff = { ...tariff, until: now + everyMs };
    }
    return tariff.freeMs;
  }

  const notifier =
    keys &&
    createNotifier({
      subscriptions,
      ...options,
      freeMs,
      key: keys.publicKey,
      isKnown: (endpoint) => isKnownService(endpoint, services),
      push: (row, occasion) => push(keys, row, occasion, clock()),
      count: counted,
      clock,
      time,
      logger,
    });

  return {
    prepare: () => subscriptions.prepare(keys?.publicKey),
    publicKey: keys?.publicKey ?? null,
    sweeps: notifier ? [{ name: 'pushes', everyMs, run: (stopping: AbortSignal) => notifier.run(stopping) }] : [],

    async start(userId: string, input: StartPushesInput): Promise<Payload> {
      const whyNot = !keys
        ? 'Nothing is pushed here.'
        : !isKnownService(input.endpoint, services)
          ? 'Nothing is pushed to this push service.'
          : areKeys(input)
            ? null
            : 'The keys are none of a browser.';
      if (whyNot !== null) return { browsers: 0, refusal: { code: 'PUSH_NOT_POSSIBLE', because: whyNot } };
      const { endpoint, p256dh, auth, language } = input;
      const key = keys?.publicKey ?? '';
      const browsers = await subscriptions.add({ userId, endpoint, p256dh, auth, language, key }, clock());
      return { browsers, refusal: null };
    },

    /** Also where nothing is pushed any more. */
    async stop(userId: string, { endpoint }: StopPushesInput): Promise<Payload> {
      return { browsers: await subscriptions.remove(userId, endpoint ?? undefined), refusal: null };
    },
  };
}

export type Pushes = Pick<ReturnType<typeof createPushes>, 'publicKey' | 'start' | 'stop'>;

/** Undefined for what is no private key of the curve P-256, base64url. */
export function publicKeyOf(privateKey: string): string | undefined {
  const ecdh = createECDH('prime256v1');
  // What signs takes no shorter one, not even where the missing bytes are zeros.
  if (Buffer.from(privateKey, 'base64url').length !== 32) return undefined;
  try {
    ecdh.setPrivateKey(privateKey, 'base64url');
    return ecdh.getPublicKey('base64url');
  } catch {
    return undefined;
  }
}

export const isPrivateKey = (text: string) => publicKeyOf(text) !== undefined;
