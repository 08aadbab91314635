import { z } from 'zod';
import { parseEvent, parserOf, streams } from '../../schema/events/index.ts';
import { subgraphs } from '../../schema/subgraphs.ts';
import { pointsRefusal } from '../../schema/events/point.ts';
import {
  createAggregate,
  createChangeFeed,
  decimal,
  expectEvent,
  largestInt,
  ledTo,
  list,
  milliseconds,
  reactWith,
  wholeNumber,
  type Aggregate,
  type Runtime,
  type Subgraph,
  type ViewChange,
} from '../../platform/index.ts';
import { createClaims } from './claims.ts';
import { withRefusals, type CountRefusals } from './demand.ts';
import { expireAll } from './expiry.ts';
import { policies } from './policies.ts';
import { createPushes, isPrivateKey } from './pushes/pushes.ts';
import { createRefusalCount } from './refusal-count.ts';
import {
  changeIn,
  reservation,
  type BikeSlot,
  type ReservationCommand,
  type ReservationRefusal,
} from './reservation.ts';
import { createOffers } from './offers.ts';
import { createResolvers, type Change } from './resolvers.ts';
import { createStations } from './stations.ts';
import { createReservationStore, viewsVersion } from './store.ts';
import type { Slots } from './use-cases.ts';
import { waiting, type WaitingCommand, type WaitingList, type WaitingRefusal } from './waiting.ts';
import {
  awaitedIn,
  createWaitingRows,
  listIn,
  whereIn,
  withWaiting,
  type AnyDocument,
  type Lists,
  type SlotDocument,
} from './waiting-lists.ts';

export const settingsSchema = z.object({
  RESERVATION_FEE: wholeNumber(1000, 1).describe('points'),
  HOLD_MINUTES: decimal(10, largestInt, 'a number above 0, at most 2,147,483,647', (minutes) => minutes > 0).describe(
    'how long a bike is held, from the confirmation to the ride',
  ),
  SAGA_DEADLINE_MS: milliseconds(30_000, 1).describe('without an answer from point by then, the reservation expires'),
  EXPIRY_EVERY_MS: milliseconds(1_000, 1).describe('how often every instance looks for what is due'),
  RESERVATION_CACHE_SIZE: wholeNumber(10_000).describe('reservations whose rider and bike are remembered'),
  WAIT_MINUTES: decimal(60, largestInt, 'a number above 0, at most 2,147,483,647', (minutes) => minutes > 0).describe(
    'how long a rider waits for a bike at most',
  ),
  OFFER_SECONDS: decimal(120, largestInt, 'a number above 0, at most 2,147,483,647', (seconds) => seconds > 0).describe(
    'how long the first who waits has, before the next one is told of a free bike',
  ),
  VAPID_PRIVATE_KEY: z
    .string()
    .regex(/^[\w-]{43}$/)
    .refine(isPrivateKey)
    .optional()
    .meta({ allowed: 'a private key of the curve P-256, 43 characters of base64url', secret: true })
    .describe(
      'signs what is pushed to browsers; none, and nothing is pushed (npm start makes one). With another one, browsers agree again when their page is opened',
    ),
  VAPID_CONTACT: z
    .email()
    .default('open-data@ttareungi.example')
    .meta({ allowed: 'an e-mail address' })
    .describe('to whom push services write'),
  PUSH_SERVICES: list(
    /^(https?:\/\/[\w.-]+(:\d+)?|(\*\.)?[a-z\d-]+(\.[a-z\d-]+)+)$/,
    'hosts, such as push.example, *.push.example for all below, or origins',
    'fcm.googleapis.com,updates.push.services.mozilla.com,*.push.services.mozilla.com,*.notify.windows.com,*.push.apple.com',
  ).describe('to which something is pushed, and to no other: a browser says where its own is'),
  MAX_CLAIMS_PER_MINUTE: wholeNumber(120, 1).describe(
    'of one rider, at one instance; more are answered TOO_MANY_REQUESTS',
  ),
});

/** A sweep reads what is due in pages of so many until none is left: a page is small, and so is what a crash repeats. */
const expiryBatch = 100;
/** How long a claim waits for a bike that was just registered: the news of it takes milliseconds. */
const bikeWaitMs = 1_000;
/** Whose claims of the last minute are counted: a limit, which no cache may make larger. */
const claimersRemembered = 10_000;
/** Refusals of so long are published as one event: an outage or a rush makes thousands of them. */
const refusalsEveryMs = 1_000;
/** How soon whoever waits is told of a free bike; while nobody waits, a look reads nothing but that. */
const offersEveryMs = 1_000;
/** How long station may take to say which stations there are; a rider at one waits for it. */
const stationsTimeoutMs = 500;
/** How long point may take to say whether a rider could pay; without an answer the claim itself finds out. */
const standingTimeoutMs = 500;

const standingAnswer = z.object({ refusal: z.object({ code: pointsRefusal, because: z.string() }).nullable() });

/** What point publishes when a reservation no longer binds the rider. */
const freeing = ['PointsRestored', 'ReservationSettled', 'PointsRefused'];

type AnyCommand = ReservationCommand | CountRefusals | WaitingCommand;
type AnyRefusal = ReservationRefusal | WaitingRefusal;

/** Who has which bike: the saga's owner. It follows the fleet and the ledger. */
export function createReservation(runtime: Runtime): Subgraph {
  const { clock, database } = runtime;
  const settings = runtime.readSettings(settingsSchema);
  const store = createReservationStore(database, settings.RESERVATION_CACHE_SIZE);
  const rows = createWaitingRows(database);
  const rules = waiting({ waitMs: settings.WAIT_MINUTES * 60_000, offerMs: settings.OFFER_SECONDS * 1_000 });
  const all: Aggregate<BikeSlot | WaitingList, AnyCommand, AnyDocument['events'][number], AnyRefusal> = createAggregate(
    runtime,
    {
      decider: withWaiting(
        withRefusals(
          reservation({
            fee: settings.RESERVATION_FEE,
            holdMs: settings.HOLD_MINUTES * 60_000,
            sagaMs: settings.SAGA_DEADLINE_MS,
          }),
        ),
        rules,
      ),
      changesOf(document: AnyDocument): ViewChange[] {
        const list = listIn(document);
        return list ? rows.changesOf(list) : store.changesOf(document as SlotDocument);
      },
      parse: parserOf('reservation'),
      viewsVersion,
    },
  );
  // A stream holds decisions of one kind: who names it knows which.
  const slots = all as unknown as Slots;
  const lists = all as unknown as Lists;

  const { journal, notices } = all;
  const changes = createChangeFeed({
    service: runtime.service,
    journal,
    notices,
    bus: runtime.bus,
    time: runtime.time,
    changeIn(document: AnyDocument): Change | undefined {
      const list = listIn(document);
      if (!list) return changeIn(document as SlotDocument);
      return { awaited: awaitedIn(list.stream), list: list.state, events: list.events };
    },
  });

  const claims = createClaims({
    async ask(userId) {
      const question = { userId, fee: settings.RESERVATION_FEE };
      const answer = await runtime.bus.ask('point', 'account.standing', question, standingTimeoutMs);
      return standingAnswer.parse(answer).refusal;
    },
    perMinute: settings.MAX_CLAIMS_PER_MINUTE,
    riders: claimersRemembered,
    time: runtime.time,
  });

  const stations = createStations((endpoint, question) =>
    runtime.bus.ask('station', endpoint, question, stationsTimeoutMs),
  );

  const refusals = createRefusalCount({
    clock,
    random: () => runtime.random(),
    record: (command, cause, at) =>
      slots.handle(streams.refusals(at), command, { cause, correlationId: cause, causationId: cause }),
  });
  const countRefused = runtime.metrics.counter(
    'ttareungi_reservations_refused_total',
    'Attempts to reserve that were refused without a number, by reason.',
    'code',
  );

  const expectPointsFreed = (userId: string, reserveNo: number) => {
    const expected = expectEvent(runtime, 'point', streams.account(userId), ({ type, data }) => {
      return freeing.includes(type) && (data as { reserveNo?: number }).reserveNo === reserveNo;
    });
    return { stop: expected.stop, arrived: () => expected.arrived(runtime.settings.OUTCOME_TIMEOUT_MS) };
  };

  /** Every instance looks; the first insert wins. */
  async function expireWhatIsDue(): Promise<void> {
    const at = clock().toISOString();
    const page = (after: number) => store.due(at, after, expiryBatch);
    await expireAll(page, expiryBatch, ({ bikeId, reserveNo, reserveStatus }) => {
      const cause = `expire:${reserveNo}:${reserveStatus}`;
      const origin = { cause, correlationId: cause, causationId: cause };
      return slots.handle(streams.bike(bikeId), { type: 'ExpireReservation', reserveNo }, origin);
    });
  }

  // A sweep or two late is no failure: any look between two of them would find some.
  const missedSweepsMs = 10 * settings.EXPIRY_EVERY_MS;
  runtime.metrics.gauge(
    'ttareungi_sagas_past_deadline',
    'Reservations that should have expired ten sweeps ago, and did not.',
    () => store.countDue(new Date(clock().getTime() - missedSweepsMs).toISOString()),
  );

  const tariff = {
    reservationFee: settings.RESERVATION_FEE,
    holdMinutes: settings.HOLD_MINUTES,
    waitMinutes: settings.WAIT_MINUTES,
    offerSeconds: settings.OFFER_SECONDS,
  };
  const pushes = createPushes(runtime, {
    privateKey: settings.VAPID_PRIVATE_KEY,
    contact: settings.VAPID_CONTACT,
    services: settings.PUSH_SERVICES,
    holdMs: settings.HOLD_MINUTES * 60_000,
    async ridersWith({ holdEnds, rideBegan, offerAfter }) {
      const found = await Promise.all([
        store.ridersWhoseHoldEnds(holdEnds),
        rideBegan ? store.ridersWhoseRideBegan(rideBegan) : [],
        rows.offered(offerAfter),
      ]);
      return [...new Set(found.flat())];
    },
    async ridersNow(userIds) {
      const [live, found] = await Promise.all([store.liveByUserIds(userIds), rows.of(userIds)]);
      return (userId) => ({ live: live.get(userId) ?? null, waiting: whereIn(found, userId) });
    },
  });
  const offers = createOffers({ lists, slots, rows, store, stations, rules, clock });

  return {
    resolvers: createResolvers({
      slots,
      lists,
      rows,
      store,
      bikeWaitMs,
      claims,
      stations,
      random: () => runtime.random(),
      countRefusal(code) {
        countRefused(code);
        refusals.add(code);
      },
      expectPointsFreed,
      changes,
      clock,
      tariff,
      pushes,
    }),
    parts: [
      store,
      rows,
      { prepare: () => pushes.prepare() },
      all,
      {
        prepare: () => Promise.resolve(),
        start: () => runtime.bus.serve('reservation', 'tariff', () => Promise.resolve(tariff)),
        close: async () => changes.close(),
      },
      // Publishes the last counts before the journal closes.
      { prepare: () => Promise.resolve(), close: () => refusals.tell().catch(() => undefined) },
    ],
    follows: {
      publishers: subgraphs.reservation.follows,
      handle: reactWith(slots, policies, parseEvent),
      ledTo: ledTo(slots.journal, policies),
    },
    sweeps: [
      { name: 'expiry', everyMs: settings.EXPIRY_EVERY_MS, run: expireWhatIsDue },
      { name: 'offers', everyMs: offersEveryMs, run: () => offers.run() },
      ...pushes.sweeps,
      { name: 'refusals', everyMs: refusalsEveryMs, run: () => refusals.tell() },
    ],
  };
}
