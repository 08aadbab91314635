import './find-bike.css';
import { type SubmitEvent, useEffect, useId, useRef, useState } from 'react';
import { AvailableBikesDocument, type AvailableBikesQuery } from '../../../../schema/client/generated/graphql.ts';
import { type Pace, type Question, withoutAway } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useTariff } from '../../shared/api/use-tariff.ts';
import { Button, Empty, Field, Skeleton } from '../../shared/ui/controls.tsx';
import { BikeSwatch } from '../../shared/ui/icons.tsx';
import { OutcomeText, type Submission } from '../../shared/ui/submission.tsx';
import { bikeNumberIn } from '../../shared/i18n/numbers.ts';
import { inFull } from '../../shared/i18n/refusals.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { hindranceOf, isWorthWaiting } from './asked-bike.ts';
import { useHasOffer } from './known-wait.ts';
import { NextStep, useReserving } from './reserving.tsx';
import { useAskedBike } from './use-asked-bike.ts';
import type { Typing } from './use-typing.ts';
import { rideWords } from './words.ts';

type Available = AvailableBikesQuery['availableBikes'];

/** As many as a rider scans; for any other bike they type its number. */
const bikesShown = 60;
const bikesShownOnDemand = 200;
/** A pause in typing: each digit would be a question. */
const pauseMs = 300;
/** No event announces what other riders take and return. */
const unwatched: Pace = { soonestMs: 10_000, longestMs: 60_000 };

interface FindBikeProps {
  submission: Submission;
  /** The bike that the address names. */
  wanted: number | null;
  typing: Typing;
  onBuy: () => void;
}

/** Which bike to take: by the number that stands on it, or from those that are free. */
export function FindBike({ submission, wanted, typing: { text, type }, onBuy }: FindBikeProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const formId = useId();
  const field = useRef<HTMLInputElement>(null);
  const [isWrong, setIsWrong] = useState(false);
  const reserving = useReserving(submission);
  const [wantsAll, setWantsAll] = useState(false);
  const { reservationFee, holdMinutes } = useTariff();
  const asking = { pace: unwatched, keepsLast: true };
  const { data: free, failure } = useAnswer(freeBikes(wantsAll ? bikesShownOnDemand : bikesShown), asking);
  const number = bikeNumberIn(text);
  const hasOffer = useHasOffer();
  const isListed = free?.nodes.some(({ bikeId }) => bikeId === number) ?? false;
  const asked = useAskedBike(useSettled(isListed ? null : number)).data;
  const hindrance = asked && !isListed ? hindranceOf(asked) : null;
  const canWait = asked && hindrance && isWorthWaiting(asked) && !reserving.hasReserved;
  const taken = canWait && number !== null ? { bikeId: number } : null;
  // What was refused says so itself, and above stands what becomes of the address's bike.
  const isSaid = submission.pending || submission.outcome !== null || number === wanted;
  const error = isWrong ? words.numberWrong : hindrance && !isSaid ? inFull(shared.refusal[hindrance]) : null;

  async function submit(bikeId: number | null) {
    setIsWrong(bikeId === null);
    if (bikeId === null) return field.current?.focus();
    type(String(bikeId));
    await reserving.reserve({ bikeId });
  }
  function choose(next: string) {
    type(next);
    setIsWrong(false);
    reserving.forget();
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
        <Field label={shared.bikeNumber} hint={words.numberHint} error={error}>
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
        <NextStep reserving={reserving} taken={taken} onBuy={onBuy} onReserve={(bikeId) => void submit(bikeId)} />
        {/* While a bike is offered, another button only for who chose another bike. */}
        {(!hasOffer || number !== null) && (
          <Button
            type="submit"
            form={formId}
            weight={hasOffer || taken ? 'plain' : 'primary'}
            isPending={submission.pending}
          >
            {number === null ? words.reserve : words.reserveBike(number)}
          </Button>
        )}
        {reservationFee !== undefined && holdMinutes !== undefined && (
          <p className="aside">{words.cost(reservationFee, holdMinutes)}</p>
        )}
      </div>
    </section>
  );
}

/** Null while it changes. */
function useSettled<Value>(value: Value): Value | null {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value]);
  return settled === value ? settled : null;
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
