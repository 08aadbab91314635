import './find-bike.css';
import { type SubmitEvent, useId, useRef, useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import {
  AvailableBikesDocument,
  type AvailableBikesQuery,
  NearestAvailableBikeDocument,
  type RefusalCode,
  ReserveBikeDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { type Pace, type Question, withoutAway } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useTariff } from '../../shared/api/use-tariff.ts';
import { Button, Empty, Field, Skeleton } from '../../shared/ui/controls.tsx';
import { BikeSwatch } from '../../shared/ui/icons.tsx';
import { good, type Outcome, OutcomeText, refused, type Submission } from '../../shared/ui/submission.tsx';
import { wholeNumberIn } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { isDecided } from './rider.ts';
import { rideWords } from './words.ts';

type Available = AvailableBikesQuery['availableBikes'];

/** As many as a rider scans; for any other bike they type its number. */
const bikesShown = 60;
const bikesShownOnDemand = 200;
/** No event announces what other riders take and return. */
const unwatched: Pace = { soonestMs: 10_000, longestMs: 60_000 };
/** GraphQL's Int has no larger one. */
const largestBikeNumber = 2 ** 31 - 1;

interface FindBikeProps {
  submission: Submission;
  onBuy: () => void;
}

/** Which bike to take: by the number that stands on it, or from those that are free. */
export function FindBike({ submission, onBuy }: FindBikeProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const formId = useId();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [isWrong, setIsWrong] = useState(false);
  const [instead, setInstead] = useState<number | null>(null);
  const [wantsAll, setWantsAll] = useState(false);
  const { reservationFee, holdMinutes } = useTariff();
  const asking = { pace: unwatched, keepsLast: true };
  const { data: free, failure } = useAnswer(freeBikes(wantsAll ? bikesShownOnDemand : bikesShown), asking);
  const number = bikeNumberIn(text);

  async function reserve(bikeId: number, client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { bikeId, idempotencyKey };
    const { refusal, reservation } = (await client.request(ReserveBikeDocument, { input })).reserveBike;
    if (!refusal) {
      return good(({ onItsWay }) => (isDecided(reservation) ? rideWords[language].reserved(bikeId) : onItsWay));
    }
    if (helpedByAnother.has(refusal.code)) setInstead(await loadNearest(client, bikeId));
    return refused(refusal);
  }
  async function submit(bikeId: number | null) {
    setIsWrong(bikeId === null);
    if (bikeId === null) return field.current?.focus();
    setText(String(bikeId));
    await submission.submit(`reserve ${bikeId}`, (client, key) => reserve(bikeId, client, key));
  }
  function choose(next: string) {
    setText(next);
    setIsWrong(false);
    setInstead(null);
    // What was said was about another bike.
    submission.forget();
  }

  return (
    <section className="card find" aria-labelledby="find-title">
      <h2 id="find-title" tabIndex={-1}>
        <span>{words.find}</span>
        {free && <span className="pill">{words.free(free.totalCount)}</span>}
      </h2>
      <form
        id={formId}
        noValidate
        onSubmit={(event: SubmitEvent) => {
          event.preventDefault();
          void submit(number);
        }}
      >
        <Field label={shared.bikeNumber} hint={words.numberHint} error={isWrong ? words.numberWrong : null}>
          {(ids) => (
            <input
              {...ids}
              ref={field}
              className="bike-number-field"
              name="bikeId"
              inputMode="numeric"
              autoComplete="off"
              value={text}
              onChange={(event) => choose(event.target.value)}
            />
          )}
        </Field>
      </form>
      {free ? (
        <FreeBikes
          free={free}
          chosen={number}
          onChoose={(bikeId) => choose(String(bikeId))}
          {...(wantsAll ? {} : { onMore: () => setWantsAll(true) })}
        />
      ) : failure ? (
        <p className="aside">{words.freeAway}</p>
      ) : (
        <Skeleton label={shared.loading} lines={3} />
      )}
      {/* Sticky at the bottom: a rider who chose a bike far down need not look for the button. */}
      <div className="reserve-bar">
        <OutcomeText submission={submission} />
        <NextStep
          outcome={submission.outcome}
          instead={instead}
          onBuy={onBuy}
          onReserve={(bikeId) => void submit(bikeId)}
        />
        <Button type="submit" form={formId} isPending={submission.pending}>
          {number === null ? words.reserve : words.reserveBike(number)}
        </Button>
        {reservationFee !== undefined && holdMinutes !== undefined && (
          <p className="aside">{words.cost(reservationFee, holdMinutes)}</p>
        )}
      </div>
    </section>
  );
}

function bikeNumberIn(text: string): number | null {
  const number = wholeNumberIn(text);
  return number !== null && number >= 1 && number <= largestBikeNumber ? number : null;
}

/** With their colors; while the service that knows colors is away, without. */
function freeBikes(first: number): Question<Available> {
  return {
    key: ['AvailableBikes', first],
    ask: (client, signal) =>
      withoutAway(
        async (looks) => (await client.request(AvailableBikesDocument, { first, looks }, { signal })).availableBikes,
      ),
  };
}

async function loadNearest(client: Client, bikeId: number): Promise<number | null> {
  const { nearestAvailableBike } = await client
    .request(NearestAvailableBikeDocument, { bikeId })
    .catch(() => ({ nearestAvailableBike: null }));
  return nearestAvailableBike?.bikeId ?? null;
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
  free: Available;
  chosen: number | null;
  onChoose: (bikeId: number) => void;
  onMore?: () => void;
}

function FreeBikes({ free: { nodes, totalCount }, chosen, onChoose, onMore }: FreeBikesProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const [color, setColor] = useState('');
  // While only some bikes are loaded, a color filter would suggest that the others' colors are all taken.
  const colors = nodes.length < totalCount ? [] : [...new Set(nodes.flatMap((bike) => bike.color ?? []))].sort();
  const wanted = colors.includes(color) ? nodes.filter((bike) => bike.color === color) : nodes;
  if (totalCount === 0) {
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
              <BikeSwatch color={name} />
              <span>{shared.colorName(name)}</span>
            </button>
          ))}
        </div>
      )}
      <ul className="free-bikes">
        {wanted.map((bike) => (
          <li key={bike.bikeId}>
            <button
              type="button"
              className="free-bike number"
              aria-pressed={bike.bikeId === chosen}
              aria-label={
                bike.color ? shared.bikeIs(bike.bikeId, shared.colorName(bike.color)) : words.rideOf(bike.bikeId)
              }
              onClick={() => onChoose(bike.bikeId)}
            >
              {bike.color && <BikeSwatch color={bike.color} />}
              <span>{bike.bikeId}</span>
            </button>
          </li>
        ))}
      </ul>
      {nodes.length < totalCount && (
        <div className="more-bikes">
          <p className="aside">{words.shown(nodes.length, totalCount)}</p>
          {onMore && (
            <Button weight="plain" onPress={onMore}>
              {shared.more}
            </Button>
          )}
        </div>
      )}
    </>
  );
}
