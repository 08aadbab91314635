import fc from 'fast-check';
import { faultKind, type FaultKind as BikeFault } from '../../schema/events/bike.ts';
import type { BikeCondition } from '../../schema/events/values.ts';
import { subgraphNames, type SubgraphName } from '../../schema/subgraphs.ts';
import type { RideEnd, RiderStep } from '../faults/plan.ts';

/** One history before it runs: who does what, and which faults come when. */
export interface Plan {
  /** Seed of all other random choices: latencies, which instance is asked, what gets lost. */
  dice: number;
  /** Reservations expire within seconds, so that many do. */
  hasty: boolean;
  /** Services with two instances. */
  twins: SubgraphName[];
  bikes: number;
  riders: RiderStep[][];
  /** What the operator does to bikes. */
  conditions: { at: number; bike: number; condition: BikeCondition }[];
  /** Invalid input that bypasses the edge and reaches the resolvers. */
  unfit: Unfit[];
  faults: Fault[];
  /** Who watches reservations, by subscription. */
  watchers: Watcher[];
  waits: Wait[];
  reports: Report[];
  breakages: Breakage[];
  repairs: Repair[];
}

/** A rider who says what is broken on a bike, one thing after the other. */
export interface Breakage {
  at: number;
  /** One of the riders, or, beyond them, somebody who does nothing else. */
  rider: number;
  bike: number;
  kinds: BikeFault[];
}

/** An operator who has seen to what is reported of a bike. */
export interface Repair {
  at: number;
  bike: number;
  /** How long after a look at the bike they close what they saw; null where they close whatever is reported. */
  looksMs: number | null;
}

/** A rider who says that their return was not recognised, and operators who decide about it. */
export interface Report {
  at: number;
  /** Which of the rides that have begun by then. */
  ride: number;
  /** How soon operators decide. */
  decidesMs: number;
  /** What they do, all at the same time: each is another operator. */
  decisions: ('settle' | 'reject')[];
}

/** Somebody who waits for a bike. */
export interface Wait {
  at: number;
  /** One of the riders, or, beyond them, somebody who does nothing else. */
  rider: number;
  /** For this bike; null for any at the station. */
  bike: number | null;
  /** How long they wait before they give it up; null for ever. */
  staysMs: number | null;
}

export interface Watcher {
  at: number;
  /** Of whose reservations; null for all. */
  rider: number | null;
  /** How long they stay before they come back, to any instance. */
  staysMs: number;
}

export interface Unfit {
  at: number;
  where: UnfitPlace;
  /** Half a surrogate pair, or an invisible character. */
  text: string;
}

export const unfitPlaces = ['buy key', 'buy token', 'buy userId', 'register key', 'register color', 'reason'] as const;
/** Of reservations, only one that must be refused: no rider's history would include it. */
export type UnfitPlace = (typeof unfitPlaces)[number] | 'reserve key';

export interface Fault {
  kind: FaultKind;
  /** Ms after the history began. */
  at: number;
  forMs: number;
  /** The target. */
  service: SubgraphName;
  instance: number;
  /** For other choices. */
  detail: number;
}

export const faultKinds = [
  'kill',
  /** Dies at one of its next calls to a server, before or after it arrives. */
  'die',
  'restart',
  'pause',
  'jump-clock',
  'database-of-all',
  'database-of-one',
  'broker-of-all',
  'broker-of-one',
  'wipe-broker',
  'roll-back-broker',
  'lose-messages',
  'duplicate',
  'reorder',
  'poison',
  /** The payment provider is offline, slow or loses its answers, and may also lie. */
  'provider',
  /** The broker permanently refuses some of what a service publishes. */
  'unpublishable',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const saying = {
  waitMs: fc.nat(900),
  times: fc.constantFrom(1, 1, 1, 3),
  insists: fc.constantFrom(true, true, true, false),
};
const rideEnds: RideEnd[] = [
  'cancel',
  'return',
  'start,return',
  'cancel|start',
  'cancel|return',
  'cancel|cancel',
  'keep',
];
const buy = fc.record({
  does: fc.constant('buy' as const),
  // Just enough and just too little: the edge is where races show.
  price: fc.constantFrom(1_000, 2_500, 999, 500),
  reusesKey: fc.boolean(),
  ...saying,
});
const ride = fc.record({
  does: fc.constant('ride' as const),
  bike: fc.nat(1),
  then: fc.constantFrom(...rideEnds),
  ...saying,
});
const rider: fc.Arbitrary<RiderStep[]> = fc
  .tuple(buy, fc.array(fc.oneof({ arbitrary: buy, weight: 1 }, { arbitrary: ride, weight: 3 }), { maxLength: 3 }))
  .map(([first, others]) => [first, ...others]);

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom(...faultKinds),
  at: fc.nat(4_000),
  forMs: fc.integer({ min: 100, max: 3_000 }),
  service: fc.constantFrom(...subgraphNames),
  instance: fc.nat(1),
  detail: fc.nat(999),
});

const half = fc.constantFrom('\ud83d', '\ude00', 'a\ud83d', '\ud83db', '\ud83d\ude00\ud83d');
const control = fc.constantFrom('\n', '\r\n', '\0', '\u001b[2J', '\u2028', '\u202e');
const at = fc.nat(5_000);
const unfit: fc.Arbitrary<Unfit> = fc.oneof(
  fc.record({ at, where: fc.constantFrom<UnfitPlace>(...unfitPlaces, 'reserve key'), text: half }),
  fc.record({ at, where: fc.constantFrom<UnfitPlace>(...unfitPlaces), text: control }),
);

const watcher: fc.Arbitrary<Watcher> = fc.record({
  at: fc.nat(3_000),
  rider: fc.option(fc.nat(1)),
  staysMs: fc.integer({ min: 200, max: 6_000 }),
});

const wait: fc.Arbitrary<Wait> = fc.record({
  at: fc.nat(5_000),
  rider: fc.nat(7),
  bike: fc.option(fc.nat(1)),
  staysMs: fc.option(fc.integer({ min: 200, max: 3_000 })),
});

const report: fc.Arbitrary<Report> = fc.record({
  at: fc.nat(5_000),
  ride: fc.nat(3),
  decidesMs: fc.nat(2_000),
  decisions: fc.constantFrom<Report['decisions'][]>(
    ...([['settle'], ['settle', 'settle'], ['settle', 'reject'], ['reject']] satisfies Report['decisions'][]),
  ),
});

const kinds = (most: number) =>
  fc.array(fc.constantFrom<BikeFault>(...faultKind.options), { minLength: 1, maxLength: most });
const breakage: fc.Arbitrary<Breakage> = fc.record({ at, rider: fc.nat(7), bike: fc.nat(1), kinds: kinds(2) });
const crowdSize = 8;
/** So many say so much that a bike has as many open faults as it may have. */
const crowd: fc.Arbitrary<Breakage[]> = fc
  .array(fc.record({ at, kinds: kinds(5) }), { minLength: crowdSize, maxLength: crowdSize + 2 })
  .map((some) => some.map((each, rider) => ({ ...each, rider, bike: 0 })));
const repair: fc.Arbitrary<Repair> = fc.record({ at, bike: fc.nat(1), looksMs: fc.option(fc.nat(1_000)) });

const anyPlan: fc.Arbitrary<Plan> = fc.record({
  dice: fc.noShrink(fc.noBias(fc.nat(2 ** 31 - 1))),
  hasty: fc.boolean(),
  twins: fc.subarray([...subgraphNames]),
  bikes: fc.integer({ min: 1, max: 2 }),
  riders: fc.array(rider, { minLength: 1, maxLength: 4 }),
  conditions: fc.array(
    fc.record({
      at: fc.nat(5_000),
      bike: fc.nat(1),
      condition: fc.constantFrom<BikeCondition>('MAINTENANCE', 'IN_SERVICE'),
    }),
    { maxLength: 2 },
  ),
  unfit: fc.array(unfit, { maxLength: 2 }),
  faults: fc.array(fault, { maxLength: 6 }),
  watchers: fc.array(watcher, { maxLength: 2 }),
  waits: fc.array(wait, { maxLength: 5 }),
  // With reports rides cost overtime, of which riders are not told: where one does, accounts are not checked as histories.
  reports: fc.oneof(fc.constant<Report[]>([]), fc.array(report, { minLength: 1, maxLength: 3 })),
  breakages: fc.oneof({ weight: 5, arbitrary: fc.array(breakage, { maxLength: 4 }) }, { weight: 1, arbitrary: crowd }),
  repairs: fc.array(repair, { maxLength: 2 }),
});

/** A hasty relay sends one decision a second: a crowd's would keep it busy beyond what it may take. */
export const plans = anyPlan.map((plan) => (plan.breakages.length < crowdSize ? plan : { ...plan, hasty: false }));

/** A plan as lines of text. */
export function tell({
  dice,
  hasty,
  twins,
  bikes,
  riders,
  conditions,
  unfit,
  faults,
  watchers,
  waits,
  reports,
  breakages,
  repairs,
}: Plan): string[] {
  return [
    `dice ${dice}, ${bikes} bikes, ${hasty ? 'hasty' : 'patient'}, two of ${twins.join(', ') || 'none'}`,
    ...riders.map((steps, index) => `rider ${index + 1}: ${steps.map((step) => JSON.stringify(step)).join(' ')}`),
    ...conditions.map(({ at, bike, condition }) => `operator: bike ${bike + 1} ${condition} at ${at} ms`),
    ...unfit.map(({ at, where, text }) => `somebody: ${where} with ${JSON.stringify(text)} at ${at} ms`),
    ...watchers.map(
      ({ at, rider, staysMs }, index) =>
        `watcher ${index + 1}: ${rider === null ? 'everything' : `rider ${rider + 1}`} from ${at} ms, for ${staysMs} ms at a time`,
    ),
    ...waits.map(
      ({ at, rider, bike, staysMs }) =>
        `rider ${rider + 1} waits ${bike === null ? 'at the station' : `for bike ${bike + 1}`} from ${at} ms, ${staysMs === null ? 'for ever' : `for ${staysMs} ms`}`,
    ),
    ...reports.map(
      ({ at, ride, decidesMs, decisions }) =>
        `the return of a ride (${ride}) is reported at ${at} ms, operators ${decisions.join(' and ')} ${decidesMs} ms later`,
    ),
    ...breakages.map(
      ({ at, rider, bike, kinds }) => `rider ${rider + 1} says at ${at} ms of bike ${bike + 1}: ${kinds.join(', ')}`,
    ),
    ...repairs.map(
      ({ at, bike, looksMs }) =>
        `operator: bike ${bike + 1} is seen to at ${at} ms, ${looksMs === null ? 'all of it' : `what a look showed ${looksMs} ms before`}`,
    ),
    ...faults.map(
      ({ kind, at, forMs, service, instance, detail }) =>
        `fault: ${kind} ${service}#${instance + 1} at ${at} ms for ${forMs} ms (${detail})`,
    ),
  ];
}
