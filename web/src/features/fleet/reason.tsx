import { Field } from '../../shared/ui/controls.tsx';
import { useWords } from '../../shared/i18n/speech.tsx';
import { fleetWords } from './words.ts';

/** Why an operator does something: never left out, kept with what was done. */
export function Reason({ value, onChange }: { value: string; onChange: (reason: string) => void }) {
  const words = useWords(fleetWords);
  return (
    <Field label={words.reason} hint={words.reasonHint} missing={words.reasonNeeded}>
      {(ids) => (
        <textarea
          {...ids}
          name="reason"
          rows={2}
          required
          maxLength={500}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
