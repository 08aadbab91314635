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
import { type Language, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import type { Points } from './rider.ts';
import { rideWords } from './words.ts';

/** The offers: the prices of so many reservations, with what is owed. */
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

  async function buy(price: number, client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { price, idempotencyKey };
    const { approval, refusal } = (await client.request(BuyPointsDocument, { input })).buyPoints;
    if (refusal) return refused(refusal);
    if (!approval) return good((shared) => shared.onItsWay);
    return good(() =>
      [rideWords[language].bought(approval.price), ...paysDebt(approval.price, debt, language)].join(' '),
    );
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
      {!isOpen && <OutcomeText submission={submission} />}
      <ConfirmDialog title={words.buy} isOpen={isOpen} onClose={() => open(false)}>
        <Buying submission={submission} debt={debt} onBuy={(price) => void submit(price)} />
      </ConfirmDialog>
    </section>
  );
}

interface BuyingProps {
  submission: Submission;
  debt: number | string;
  onBuy: (price: number) => void;
}

/** What becomes of points that are bought with a debt, which they pay first; nothing to say without one. */
function paysDebt(price: number | string, debt: number | string, language: Language): string[] {
  const [bought, owed] = [BigInt(price), BigInt(debt)];
  if (owed === 0n) return [];
  const paid = owed < bought ? owed : bought;
  return [rideWords[language].paysDebt(String(paid), String(bought - paid))];
}

/** Asks for the amount, then for confirmation: one accidental tap must not cost money. */
function Buying({ submission, debt, onBuy }: BuyingProps) {
  const words = useWords(rideWords);
  const { language } = useSpeech();
  const [price, setPrice] = useState<number | null>(null);
  function choose(next: number | null) {
    submission.forget();
    setPrice(next);
  }
  return (
    <>
      {price === null ? (
        <Amounts debt={debt} onChoose={choose} />
      ) : (
        <>
          <p className="buy-question">{words.buyQuestion(price)}</p>
          {paysDebt(price, debt, language).map((said) => (
            <p key="debt">{said}</p>
          ))}
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

function Amounts({ debt, onChoose }: Pick<BuyingProps, 'debt'> & { onChoose: (price: number) => void }) {
  const words = useWords(rideWords);
  const { reservationFee = usualFee, maxPurchase } = useTariff();
  const [text, setText] = useState('');
  const [error, setError] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const isTooMuch = (price: number) => maxPurchase !== undefined && price > Number(maxPurchase);
  const usualPrices = usualReservations
    .map((count) => Number(debt) + count * Number(reservationFee))
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
