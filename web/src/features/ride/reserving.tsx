import './reserving.css';
import { useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import {
  NearestAvailableBikeDocument,
  type RefusalCode,
  ReserveBikeOrAnotherDocument,
  WaitForBikeDocument,
  type WaitingFieldsFragment,
} from '../../../../schema/client/generated/graphql.ts';
import { Button } from '../../shared/ui/controls.tsx';
import { good, type Outcome, refused, type Submission } from '../../shared/ui/submission.tsx';
import { useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { useKnownWait } from './known-wait.ts';
import { isDecided, isOver } from './rider.ts';
import { rideWords } from './words.ts';

/** A bike to reserve instead. `meters`: from what was asked for; null where only its number is near. */
interface Another {
  bikeId: number;
  meters: number | null;
}

export type Wanted = { bikeId: number } | { stationId: string; name: string };

export interface Reserving {
  submission: Submission;
  /** What can be had instead of the last one that was refused. */
  instead: readonly Another[];
  /** What was refused for want of a bike: the rider can wait for one. */
  missed: Wanted | null;
  /** The bike is asked for: the counts hear of it before the answer does. */
  isReserving: boolean;
  /** It is, or the rider has just got it: that it cannot be had any more is no news. */
  hasReserved: boolean;
  reserve(wanted: Wanted): Promise<Outcome | null>;
  wait(wanted: Wanted): Promise<Outcome | null>;
  /** The rider thinks of another bike: what was said was about the last one. */
  forget(): void;
}

const helpedByPoints: ReadonlySet<RefusalCode> = new Set([
  'INSUFFICIENT_POINTS',
  'NO_POINT_ACCOUNT',
  'OUTSTANDING_DEBT',
]);
/** Of these bikes nobody may know where they stand: then one of a near number helps. */
const helpedByNumber: ReadonlySet<RefusalCode> = new Set([
  'BIKE_ALREADY_RESERVED',
  'BIKE_NOT_FOUND',
  'BIKE_NOT_IN_SERVICE',
]);

/** There may be one again. */
const helpedByTime: ReadonlySet<RefusalCode> = new Set([
  'BIKE_ALREADY_RESERVED',
  'BIKE_NOT_IN_SERVICE',
  'NO_BIKE_AT_STATION',
]);

const whichOf = (wanted: Wanted) => ('bikeId' in wanted ? { bikeId: wanted.bikeId } : { stationId: wanted.stationId });
const nameIn = (wanted: Wanted) => ('bikeId' in wanted ? String(wanted.bikeId) : `at ${wanted.stationId}`);

/** Reserves, and knows what can be had instead where that is refused. */
export function useReserving(submission: Submission): Reserving {
  const { language } = useSpeech();
  const [instead, setInstead] = useState<readonly Another[]>([]);
  const [missed, setMissed] = useState<Wanted | null>(null);
  const [reserved, setReserved] = useState<Outcome | null>(null);
  const [isReserving, setReserving] = useState(false);
  const clear = () => {
    setInstead([]);
    setMissed(null);
  };

  /** Without a key: who is in the list keeps their place, and a repetition says nothing of a wait that is over. */
  async function join(wanted: Wanted, client: Client): Promise<Outcome> {
    const { refusal } = (await client.request(WaitForBikeDocument, { input: whichOf(wanted) })).waitForBike;
    if (refusal) return refused(refusal);
    clear();
    return good(() => rideWords[language].waitingNow);
  }
  async function ask(wanted: Wanted, client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { ...whichOf(wanted), idempotencyKey };
    const { refusal, reservation, alternatives } = (await client.request(ReserveBikeOrAnotherDocument, { input }))
      .reserveBike;
    if (!refusal && reservation && isOver(reservation)) {
      const { reserveNo, reserveStatus } = reservation;
      const say: Outcome['say'] = ({ reservationIs, statusNames }) =>
        reservationIs(reserveNo, statusNames[reserveStatus]);
      return { tone: 'refused', isOver: true, say };
    }
    if (!refusal) {
      clear();
      const outcome = good(({ onItsWay }) => {
        if (!isDecided(reservation)) return onItsWay;
        const { reserved, reservedAt } = rideWords[language];
        return 'name' in wanted ? reservedAt(reservation.bikeId, wanted.name) : reserved(reservation.bikeId);
      });
      setReserved(outcome);
      return outcome;
    }
    const near = alternatives.map(({ bike, meters }) => ({ bikeId: bike.bikeId, meters }));
    const isNumber = near.length === 0 && 'bikeId' in wanted && helpedByNumber.has(refusal.code);
    const others = isNumber ? await nearestNumber(client, wanted.bikeId) : near;
    setInstead(others);
    setMissed(helpedByTime.has(refusal.code) ? wanted : null);
    const next = others.length > 0 ? rideWords[language].others(others.length) : undefined;
    return { ...refused(refusal, next), isOver: isOver(reservation) };
  }

  return {
    submission,
    instead,
    missed,
    isReserving,
    hasReserved: isReserving || (reserved !== null && submission.outcome === reserved),
    async reserve(wanted) {
      setReserving(true);
      try {
        return await submission.submit(`reserve ${nameIn(wanted)}`, (client, key) => ask(wanted, client, key));
      } finally {
        setReserving(false);
      }
    },
    wait: (wanted) => submission.submit(`wait for ${nameIn(wanted)}`, (client) => join(wanted, client)),
    forget() {
      clear();
      submission.forget();
    },
  };
}

async function nearestNumber(client: Client, bikeId: number): Promise<Another[]> {
  const { nearestAvailableBike } = await client
    .request(NearestAvailableBikeDocument, { bikeId })
    .catch(() => ({ nearestAvailableBike: null }));
  return nearestAvailableBike ? [{ bikeId: nearestAvailableBike.bikeId, meters: null }] : [];
}

interface NextStepProps {
  reserving: Reserving;
  /** What cannot be had now, as is known before anybody asks for it: the rider can wait for it at once. */
  taken?: Wanted | null;
  /** They wait already. */
  isWaiting?: boolean;
  onBuy: () => void;
  onReserve: (bikeId: number) => void;
}

/** A refusal is not the end, also one that need not be asked for: the buttons for what helps. */
export function NextStep({ reserving, taken = null, isWaiting = false, onBuy, onReserve }: NextStepProps) {
  const words = useWords(rideWords);
  const { submission, instead } = reserving;
  const missed = reserving.missed ?? taken;
  const wait = useKnownWait();
  const refusal = submission.outcome?.refusal;
  if (refusal && helpedByPoints.has(refusal)) return <Button onPress={onBuy}>{words.buyEnough}</Button>;
  return (
    <>
      {instead.length > 0 && <Instead reserving={reserving} onReserve={onReserve} />}
      {missed && !isWaiting && !isFor(wait, missed) && (
        <Button
          // Who waits elsewhere gives up their place there.
          weight={taken && instead.length === 0 && !wait ? 'primary' : 'plain'}
          isPending={submission.pending}
          onPress={() => void reserving.wait(missed)}
        >
          {!wait ? words.tellMe : 'bikeId' in missed ? words.waitForItInstead : words.waitHereInstead}
        </Button>
      )}
    </>
  );
}

function isFor(wait: WaitingFieldsFragment | null, wanted: Wanted): boolean {
  if (!wait) return false;
  return 'bikeId' in wanted ? wait.bike?.bikeId === wanted.bikeId : wait.station?.stationId === wanted.stationId;
}

function Instead({ reserving: { submission, instead }, onReserve }: Omit<NextStepProps, 'onBuy'>) {
  const words = useWords(rideWords);
  return (
    <div className="instead" role="group" aria-label={words.insteadTitle}>
      {instead.map(({ bikeId, meters }, place) => (
        // By its place: should this one be taken too, the focus stays on what comes instead.
        <Button key={place} weight="plain" isPending={submission.pending} onPress={() => onReserve(bikeId)}>
          {meters === null ? words.reserveInstead(bikeId) : words.reserveNear(bikeId, meters)}
        </Button>
      ))}
    </div>
  );
}
