import { NoteField } from '../../shared/ui/fields.tsx';
import { useWords } from '../../shared/i18n/speech.tsx';
import { fleetWords } from './words.ts';

/** Why an operator does something: never left out, kept with what was done. */
export function Reason({ value, onChange }: { value: string; onChange: (reason: string) => void }) {
  const words = useWords(fleetWords);
  return (
    <NoteField
      {...{ name: 'reason', label: words.reason, hint: words.reasonHint, missing: words.reasonNeeded }}
      {...{ value, onChange }}
    />
  );
}
