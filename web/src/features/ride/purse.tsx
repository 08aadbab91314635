import './purse.css';
import { type SubmitEvent, useRef, useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import { BuyPointsDocument } from '../../../../schema/client/generated/graphql.ts';
import { useTariff } from '../../shared/api/use-tariff.ts';
import { ConfirmDialog, DialogActions } from '../../shared/ui/confirm.tsx';
import { Button, Field } from '../../shared/ui/controls.tsx';
import {
  good,
  type Outcome,
  OutcomeText,
  refused,
  type Submission,
  useSubmission,
} from '../../shared/ui/submission.tsx';
import { wholeNumberIn } from '../../shared/i18n/numbers.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import type { Points } from './rider.ts';
import { rideWords } from './words.ts';

/** The offers: the prices of so many reservations. */
const usualReservations = [1, 3, 5, 10];
/** The default fee of a reservation: only for the offers while the tariff is unknown. */
const usualFee = 1_000;

interface PurseProps {
  points: Points;
  debt: number | string;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
}

/** What I have, and how to get more. */
export function Purse({ points, debt, isOpen, onOpen }: PurseProps) {
  const words = useWords(rideWords);
  const { language } = useSpeech();
  const submission = useSubmission();
  const owes = BigInt(debt) > 0n;

  async function buy(price: number, client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { price, idempotencyKey };
    const { approval, refusal } = (await client.request(BuyPointsDocument, { input })).buyPoints;
    if (refusal) return refused(refusal);
    if (!approval) return good((shared) => shared.onItsWay);
    return good(() => rideWords[language].bought(approval.price));
  }

  async function submit(price: number) {
    const outcome = await submission.submit(`buy ${price}`, (client, key) => buy(price, client, key));
    if (outcome?.tone === 'good') onOpen(false);
  }

  function open(isOpening: boolean) {
    submission.forget();
    onOpen(isOpening);
  }

  return (
    <section className="card purse" aria-labelledby="purse-title">
      <div>
        <h2 id="purse-title">{words.balance}</h2>
        <p className="balance">
          <span className="number">{formatCount(points.totalPoint)}</span>
          <span className="unit">P</span>
        </p>
      </div>
      <Button weight="plain" onPress={() => open(true)}>
        {words.buy}
      </Button>
      {owes && (
        <p className="notice" data-tone="bad">
          <strong>{words.debt(debt)}</strong>
          <span>{words.debtHint}</span>
        </p>
      )}
      {!isOpen && <OutcomeText submission={submission} />}
      <ConfirmDialog title={words.buy} isOpen={isOpen} onClose={() => open(false)}>
        <Buying submission={submission} onBuy={(price) => void submit(price)} />
      </ConfirmDialog>
    </section>
  );
}

/** Asks for the amount, then for confirmation: one accidental tap must not cost money. */
function Buying({ submission, onBuy }: { submission: Submission; onBuy: (price: number) => void }) {
  const words = useWords(rideWords);
  const [price, setPrice] = useState<number | null>(null);
  function choose(next: number | null) {
    submission.forget();
    setPrice(next);
  }
  return (
    <>
      {price === null ? (
        <Amounts onChoose={choose} />
      ) : (
        <>
          <p className="buy-question">{words.buyQuestion(price)}</p>
          <DialogActions>
            <Button weight="quiet" onPress={() => choose(null)} isDisabled={submission.pending}>
              {words.otherAmount}
            </Button>
            <Button autoFocus onPress={() => onBuy(price)} isPending={submission.pending}>
              {words.pay(price)}
            </Button>
          </DialogActions>
        </>
      )}
      <OutcomeText submission={submission} />
    </>
  );
}

function Amounts({ onChoose }: { onChoose: (price: number) => void }) {
  const words = useWords(rideWords);
  const { reservationFee = usualFee, maxPurchase } = useTariff();
  const [text, setText] = useState('');
  const [error, setError] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const isTooMuch = (price: number) => maxPurchase !== undefined && price > Number(maxPurchase);
  const usualPrices = usualReservations
    .map((count) => count * Number(reservationFee))
    .filter((price) => !isTooMuch(price));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const price = wholeNumberIn(text);
    if (price !== null && price >= 1 && !isTooMuch(price)) return onChoose(price);
    setError(words.amountWrong(maxPurchase ?? null));
    field.current?.focus();
  };
  return (
    <>
      <div className="amounts">
        {usualPrices.map((price) => (
          <Button key={price} weight="plain" aria-label={words.buyAmount(price)} onPress={() => onChoose(price)}>
            <span className="number">{`${formatCount(price)}P`}</span>
          </Button>
        ))}
      </div>
      <form className="other-amount" noValidate onSubmit={submit}>
        <Field label={words.otherAmount} hint={words.amountHint(maxPurchase ?? null)} error={error}>
          {(ids) => (
            <input
              {...ids}
              ref={field}
              name="price"
              inputMode="numeric"
              autoComplete="off"
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setError(null);
              }}
            />
          )}
        </Field>
        <Button type="submit">{words.next}</Button>
      </form>
    </>
  );
}
