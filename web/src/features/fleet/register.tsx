import './register.css';
import { type SubmitEvent, useId, useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import { RegisterBikeDocument } from '../../../../schema/client/generated/graphql.ts';
import { Button, Field } from '../../shared/ui/controls.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { RegisterMany } from './register-many.tsx';
import { RegisterStations } from './register-stations.tsx';
import { fleetWords } from './words.ts';

const usualColors = ['green', 'white', 'blue', 'yellow', 'red', 'black'];

/** New bikes, one or many, and stations. */
export default function Register() {
  return (
    <div className="register">
      <RegisterOne />
      <RegisterMany />
      <RegisterStations />
    </div>
  );
}

function RegisterOne() {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const submission = useSubmission();
  const listId = useId();
  const [color, setColor] = useState('green');

  async function register(client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { color, idempotencyKey };
    const { bike, refusal } = (await client.request(RegisterBikeDocument, { input })).registerBike;
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
          void submission.submit(`register ${color}`, register);
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
