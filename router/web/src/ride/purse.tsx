import { type SubmitEvent, useState } from 'react';
import { BuyPointsDocument } from '../../../../schema/client/generated/graphql.ts';
import { useIntention } from '../data/use-intention.ts';
import { ConfirmDialog } from '../design/confirm.tsx';
import { Button, Field } from '../design/controls.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../design/submission.tsx';
import { useActing } from '../session/acting.ts';
import { formatCount, useSpeech, useWords } from '../words/speech.tsx';
import type { Rider } from './page.tsx';
import { rideWords } from './words.ts';

const usualPrices = [1_000, 3_000, 5_000, 10_000];

interface PurseProps {
  rider: Rider;
  debt: number | string;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
  onDone: () => Promise<void>;
}

/** What I have, and how to get more. */
export function Purse({ rider, debt, isOpen, onOpen, onDone }: PurseProps) {
  const words = useWords(rideWords);
  const { language } = useSpeech();
  const acting = useActing();
  const submission = useSubmission();
  const intention = useIntention();
  const owes = BigInt(debt) > 0n;

  async function buy(price: number): Promise<Outcome> {
    if (!acting) return refused({ code: 'INVALID_PRICE', because: '' });
    const input = { price, idempotencyKey: intention.keyFor(`buy ${price}`) };
    const { approval, refusal } = (await acting.client.request(BuyPointsDocument, { input })).buyPoints;
    intention.settled();
    if (refusal) return refused(refusal);
    if (!approval) return good((shared) => shared.onItsWay);
    return good(() => rideWords[language].bought(formatCount(approval.price)));
  }

  async function submit(price: number) {
    const outcome = await submission.submit(() => buy(price));
    await onDone();
    if (outcome?.tone === 'good') onOpen(false);
  }

  return (
    <section className="card purse" aria-labelledby="purse-title">
      <div>
        <h2 id="purse-title">{words.balance}</h2>
        <p className="balance number">
          {formatCount(rider.totalPoint)}
          <span>P</span>
        </p>
      </div>
      <Button weight="plain" onPress={() => onOpen(true)}>
        {words.buy}
      </Button>
      {owes && (
        <p className="notice" data-tone="bad">
          <span>
            <strong>{words.debt(formatCount(debt))}</strong> {words.debtHint}
          </span>
        </p>
      )}
      {!isOpen && <OutcomeText submission={submission} />}
      <ConfirmDialog title={words.buy} isOpen={isOpen} onClose={() => onOpen(false)}>
        <Amounts onBuy={(price) => void submit(price)} isPending={submission.pending} />
        <OutcomeText submission={submission} />
      </ConfirmDialog>
    </section>
  );
}

function Amounts({ onBuy, isPending }: { onBuy: (price: number) => void; isPending: boolean }) {
  const words = useWords(rideWords);
  const [other, setOther] = useState('');
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onBuy(Number(other));
  };
  return (
    <>
      <div className="amounts">
        {usualPrices.map((price) => (
          <Button
            key={price}
            weight="plain"
            aria-label={words.buyAmount(formatCount(price))}
            isPending={isPending}
            onPress={() => onBuy(price)}
          >
            <span className="number">{formatCount(price)}P</span>
          </Button>
        ))}
      </div>
      <form className="other-amount" onSubmit={submit}>
        <Field label={words.otherAmount} hint={words.amountHint}>
          {(ids) => (
            <input
              {...ids}
              name="price"
              type="number"
              inputMode="numeric"
              min={1}
              max={1_000_000}
              step={1}
              required
              value={other}
              onChange={(event) => setOther(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" isPending={isPending}>
          {words.buy}
        </Button>
      </form>
    </>
  );
}
