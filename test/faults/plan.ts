import { subgraphNames, type SubgraphName } from '../../schema/subgraphs.ts';
import { createDice, type Dice } from '../../cli/demo/dice.ts';

/** What a seed means: who does what, and which faults come when. The same seed gives the same plan. */
export interface Plan {
  seed: number;
  bikes: number;
  riders: RiderStep[][];
  faults: Fault[];
}

/** How often the same request is sent at once with one key, and whether an unknown outcome is asked for again. */
interface Saying {
  /** Pause before it, in ms. */
  waitMs: number;
  times: number;
  insists: boolean;
}

export type RiderStep = Saying &
  (
    | { does: 'buy'; price: number; reusesKey: boolean }
    | { does: 'ride'; bike: number; then: RideEnd }
    | { does: 'look' }
  );

/** `a|b` at the same time, `a,b` one after the other. */
export type RideEnd =
  'cancel' | 'return' | 'start,return' | 'cancel|start' | 'cancel|return' | 'cancel|cancel' | 'keep';

export interface Fault {
  kind: FaultKind;
  /** Ms after the load began. */
  at: number;
  forMs: number;
  /** The target. */
  service: SubgraphName;
  instance: number;
  /** Where a service dies, for `crash`. */
  point: string;
  /** Its own random numbers, because faults run concurrently. */
  seed: number;
}

const publishing = ['bike', 'approval', 'point', 'reservation'] as const;
const consuming = ['point', 'reservation', 'dashboard'] as const;

/** By kind: the fault's name in the reliability document, and its possible targets. */
export const faultKinds = {
  'crash-outward': { of: 'F1', services: publishing },
  'crash-inward': { of: 'F1', services: consuming },
  'crash-while-sweeping': { of: 'F1', services: publishing },
  'crash-while-refilling': { of: 'F1', services: publishing },
  'crash-while-parking': { of: 'F1', services: consuming },
  'kill-service': { of: 'F1', services: subgraphNames },
  'kill-broker': { of: 'F2', services: subgraphNames },
  'wipe-broker': { of: 'F3', services: subgraphNames },
  'roll-back-broker': { of: 'F3', services: subgraphNames },
  'pause-broker': { of: 'F4', services: subgraphNames },
  'flip-bit': { of: 'F5', services: subgraphNames },
  'late-network': { of: 'F6', services: subgraphNames },
  'black-hole': { of: 'F6', services: subgraphNames },
  'reset-network': { of: 'F6', services: subgraphNames },
  'slow-network': { of: 'F6', services: subgraphNames },
  'refuse-database': { of: 'F7', services: subgraphNames },
  'lose-answers': { of: 'F7', services: publishing },
  'kill-database': { of: 'F7', services: subgraphNames },
  'pause-database': { of: 'F7', services: subgraphNames },
  duplicate: { of: 'F8', services: publishing },
  reorder: { of: 'F9, F16', services: publishing },
  'pause-service': { of: 'F10', services: subgraphNames },
  'slow-consumer': { of: 'F11', services: consuming },
  poison: { of: 'F12', services: publishing },
  'fill-stream': { of: 'F13', services: subgraphNames },
  'jump-clock': { of: 'F14', services: subgraphNames },
  'lying-provider': { of: 'F19', services: ['approval'] },
  'half-text': { of: 'F20', services: ['approval'] },
  unpublishable: { of: 'F21', services: ['bike', 'approval'] },
} as const satisfies Record<string, { of: string; services: readonly SubgraphName[] }>;

export type FaultKind = keyof typeof faultKinds;

const kinds = Object.keys(faultKinds) as FaultKind[];

/** By kind: where a service dies, see platform/foundation/crash-points.ts. */
export const crashPoints = {
  'crash-outward': ['at-start', 'before-insert', 'after-insert', 'after-publish', 'after-mark'],
  'crash-inward': ['after-receive', 'before-position', 'before-ack', 'after-ack'],
  'crash-while-sweeping': ['during-sweep'],
  'crash-while-refilling': ['during-refill'],
  'crash-while-parking': ['after-parking'],
} as const;

const loadMs = 5_000;
const rideEnds = [
  'cancel',
  'return',
  'start,return',
  'start,return',
  'cancel|start',
  'cancel|return',
  'cancel|cancel',
  'keep',
] as const;

export interface PlanOptions {
  instances: number;
  /** Only these kinds; all by default. */
  only?: readonly FaultKind[];
}

/**
 * One kind after the other as seeds go up, so that as many runs as there are kinds cover all of them; plus up to two
 * others at random.
 */
export function planOf(seed: number, { instances, only = kinds }: PlanOptions): Plan {
  const dice = createDice(Math.imul(seed, 0x9e3779b1));
  const bikes = 2 + dice.below(2);
  const riders = Array.from({ length: 4 + dice.below(3) }, () => riderSteps(dice, bikes));
  const first = only[seed % only.length] ?? 'kill-service';
  const others = Array.from({ length: dice.below(3) }, () => only[dice.below(only.length)] ?? first);
  const faults = [first, ...others].map((kind) => fault(kind, dice, instances));
  return { seed, bikes, riders, faults: faults.toSorted((one, other) => one.at - other.at) };
}

function fault(kind: FaultKind, dice: Dice, instances: number): Fault {
  const { services } = faultKinds[kind];
  const points: readonly string[] = kind in crashPoints ? crashPoints[kind as keyof typeof crashPoints] : [];
  return {
    kind,
    at: dice.below(loadMs * 0.6),
    forMs: 500 + dice.below(2_500),
    service: services[dice.below(services.length)] ?? 'reservation',
    instance: dice.below(instances),
    point: points[dice.below(points.length)] ?? '',
    seed: dice.below(2 ** 31),
  };
}

function riderSteps(dice: Dice, bikes: number): RiderStep[] {
  const saying = (): Saying => ({
    waitMs: dice.below(900),
    times: dice.below(4) === 0 ? 5 : 1,
    insists: dice.below(8) > 0,
  });
  // Just enough and just too little come often: the edge is where races show.
  const buy = (): RiderStep => ({
    does: 'buy',
    price: dice.pick([1_000, 1_000, 999, 500, 2_500]),
    reusesKey: dice.below(3) === 0,
    ...saying(),
  });
  const ride = (): RiderStep => ({ does: 'ride', bike: dice.below(bikes), then: dice.pick(rideEnds), ...saying() });
  const step = (): RiderStep => {
    const which = dice.below(10);
    if (which < 3) return buy();
    return which < 9 ? ride() : { does: 'look', ...saying() };
  };
  return [buy(), ...Array.from({ length: 4 + dice.below(3) }, step), { does: 'look', ...saying() }];
}

/** A fault as a line of text. */
export function tell({ kind, at, forMs, service, instance, point }: Fault): string {
  const where = point ? ` at ${point}` : '';
  return `${faultKinds[kind].of} ${kind} ${service}#${instance + 1}${where} at ${at} ms for ${forMs} ms`;
}
