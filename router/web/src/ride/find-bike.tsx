import { type SubmitEvent, useEffect, useState } from 'react';
import {
  AvailableBikesDocument,
  type AvailableBikesQuery,
  type RefusalCode,
  ReserveBikeDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { useAllPages } from '../data/use-all-pages.ts';
import { useIntention } from '../data/use-intention.ts';
import { Button, Empty, Field, Skeleton } from '../design/controls.tsx';
import { BikeSwatch } from '../design/icons.tsx';
import { good, type Outcome, OutcomeText, refused, type Submission } from '../design/submission.tsx';
import { useActing } from '../session/acting.ts';
import { formatCount, useSharedWords, useSpeech, useWords } from '../words/speech.tsx';
import { nearestFree } from './nearest-free.ts';
import { rideWords } from './words.ts';

type Bike = AvailableBikesQuery['bikes']['nodes'][number];

const bikesLoaded = 1_000;
const bikesShown = 60;
const askEveryMs = 10_000;

interface FindBikeProps {
  /** Changes when the rider's own reservations did. */
  version: number;
  submission: Submission;
  onDone: () => Promise<void>;
  onBuy: () => void;
}

/** Which bike to take: by the number that stands on it, or from those that are free. */
export function FindBike({ version, submission, onDone, onBuy }: FindBikeProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const acting = useActing();
  const intention = useIntention();
  const [bikeId, setBikeId] = useState('');
  const [asked, setAsked] = useState<number | null>(null);
  const bikes = useFreeBikes(version);

  async function reserve(number: number): Promise<Outcome> {
    if (!acting) return good(() => '');
    const input = { bikeId: number, idempotencyKey: intention.keyFor(`reserve ${number}`) };
    const { refusal } = (await acting.client.request(ReserveBikeDocument, { input })).reserveBike;
    intention.settled();
    return refusal ? refused(refusal) : good(() => rideWords[language].reserved(number));
  }
  async function submit(number: number) {
    setBikeId(String(number));
    setAsked(number);
    await submission.submit(() => reserve(number));
    await onDone();
  }

  return (
    <section className="card find" aria-labelledby="find-title">
      <h2 id="find-title">
        {words.find} {bikes && <span className="pill">{words.free(formatCount(bikes.length))}</span>}
      </h2>
      <form
        className="by-number"
        onSubmit={(event: SubmitEvent) => {
          event.preventDefault();
          void submit(Number(bikeId));
        }}
      >
        <Field label={words.bikeNumber} hint={words.numberHint}>
          {(ids) => (
            <input
              {...ids}
              name="bikeId"
              type="number"
              inputMode="numeric"
              min={1}
              required
              value={bikeId}
              onChange={(event) => setBikeId(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" isPending={submission.pending}>
          {bikeId ? words.reserveBike(Number(bikeId)) : words.reserve}
        </Button>
      </form>
      <OutcomeText submission={submission} />
      <NextStep
        outcome={submission.outcome}
        instead={asked === null ? null : nearestFree(asked, bikes ?? [])}
        onBuy={onBuy}
        onReserve={(number) => void submit(number)}
      />
      {bikes === null ? (
        <Skeleton label={shared.loading} lines={3} />
      ) : (
        <FreeBikes bikes={bikes} chosen={bikeId} onChoose={setBikeId} />
      )}
      <p className="aside">{words.cost}</p>
    </section>
  );
}

/** Bikes come and go by other riders' hands: asked for again every now and then while the page is looked at. */
function useFreeBikes(version: number): readonly Bike[] | null {
  const acting = useActing();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setRound((count) => count + 1);
    }, askEveryMs);
    return () => clearInterval(timer);
  }, []);
  const bikes = useAllPages(
    acting?.client ?? null,
    AvailableBikesDocument,
    (after) => ({ first: 200, after }),
    (answer) => answer.bikes,
    bikesLoaded,
    version * 1_000_003 + round,
  );
  return bikes && bikes.filter(({ isAvailable }) => isAvailable);
}

interface NextStepProps {
  outcome: Outcome | null;
  instead: number | null;
  onBuy: () => void;
  onReserve: (bikeId: number) => void;
}

const helpedByPoints: ReadonlySet<RefusalCode> = new Set([
  'INSUFFICIENT_POINTS',
  'NO_POINT_ACCOUNT',
  'OUTSTANDING_DEBT',
]);
const helpedByAnother: ReadonlySet<RefusalCode> = new Set([
  'BIKE_ALREADY_RESERVED',
  'BIKE_NOT_FOUND',
  'BIKE_NOT_IN_SERVICE',
]);

/** A refusal is not the end: the button for what helps. */
function NextStep({ outcome, instead, onBuy, onReserve }: NextStepProps) {
  const words = useWords(rideWords);
  const refusal = outcome?.refusal;
  if (!refusal) return null;
  if (helpedByPoints.has(refusal)) return <Button onPress={onBuy}>{words.buyEnough}</Button>;
  if (instead === null || !helpedByAnother.has(refusal)) return null;
  return <Button onPress={() => onReserve(instead)}>{words.reserveInstead(instead)}</Button>;
}

interface FreeBikesProps {
  bikes: readonly Bike[];
  chosen: string;
  onChoose: (bikeId: string) => void;
}

function FreeBikes({ bikes, chosen, onChoose }: FreeBikesProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const [color, setColor] = useState('');
  const colors = [...new Set(bikes.map((bike) => bike.color))].sort();
  const wanted = color && colors.includes(color) ? bikes.filter((bike) => bike.color === color) : bikes;
  if (bikes.length === 0) {
    return (
      <Empty title={words.noFreeBikes}>
        <p>{words.noFreeBikesHint}</p>
      </Empty>
    );
  }
  return (
    <>
      {colors.length > 1 && (
        <div className="colors" role="group" aria-label={words.color}>
          <button type="button" className="chip" aria-pressed={color === ''} onClick={() => setColor('')}>
            {words.anyColor}
          </button>
          {colors.map((name) => (
            <button
              key={name}
              type="button"
              className="chip"
              aria-pressed={color === name}
              onClick={() => setColor(name)}
            >
              <BikeSwatch color={name} /> {shared.colorName(name)}
            </button>
          ))}
        </div>
      )}
      <ul className="free-bikes">
        {wanted.slice(0, bikesShown).map((bike) => (
          <li key={bike.bikeId}>
            <button
              type="button"
              className="free-bike number"
              aria-pressed={String(bike.bikeId) === chosen}
              aria-label={words.chooseBike(bike.bikeId, shared.colorName(bike.color))}
              onClick={() => onChoose(String(bike.bikeId))}
            >
              <BikeSwatch color={bike.color} />
              {bike.bikeId}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
