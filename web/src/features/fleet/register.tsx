import './register.css';
import { type SubmitEvent, useId, useState } from 'react';
import { RegisterBikeDocument } from '../../../../schema/client/generated/graphql.ts';
import { useIntention } from '../../shared/api/use-intention.ts';
import { Button, Field } from '../../shared/ui/controls.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { useActing } from '../../shared/session/acting.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { RegisterMany } from './register-many.tsx';
import { fleetWords } from './words.ts';

const usualColors = ['green', 'white', 'blue', 'yellow', 'red', 'black'];

/** New bikes, one or many. */
export function Register() {
  return (
    <div className="register">
      <RegisterOne />
      <RegisterMany />
    </div>
  );
}

function RegisterOne() {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const acting = useActing();
  const submission = useSubmission();
  const intention = useIntention();
  const listId = useId();
  const [color, setColor] = useState('green');

  async function register(): Promise<Outcome> {
    if (!acting) return good(() => '');
    const input = { color, idempotencyKey: intention.keyFor(color) };
    const { bike, refusal } = (await acting.client.request(RegisterBikeDocument, { input })).registerBike;
    intention.settled();
    if (refusal) return refused(refusal);
    return good(({ colorName, onItsWay }) =>
      bike ? fleetWords[language].registeredBike(bike.bikeId, colorName(bike.color)) : onItsWay,
    );
  }

  return (
    <section className="card" aria-labelledby="register-one">
      <h2 id="register-one">{words.registerOne}</h2>
      <form
        className="register-one"
        onSubmit={(event: SubmitEvent) => {
          event.preventDefault();
          void submission.submit(register);
        }}
      >
        <Field label={words.color}>
          {(ids) => (
            <input
              {...ids}
              name="color"
              list={listId}
              required
              maxLength={40}
              value={color}
              onChange={(event) => {
                submission.forget();
                setColor(event.target.value);
              }}
            />
          )}
        </Field>
        <datalist id={listId}>
          {usualColors.map((usual) => (
            <option key={usual} value={usual}>
              {shared.colorName(usual)}
            </option>
          ))}
        </datalist>
        <Button type="submit" isPending={submission.pending}>
          {words.register}
        </Button>
      </form>
      <OutcomeText submission={submission} />
    </section>
  );
}
