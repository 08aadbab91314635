import { readText, textRules } from '../../../../schema/text.ts';
import { seoulMinute } from '../i18n/seoul-time.ts';
import { serverClock } from '../i18n/server-clock.ts';
import { useSharedWords } from '../i18n/speech.tsx';
import { Field } from './controls.tsx';

/** As long as the services take it. */
const longestNote = 500;

interface NoteFieldProps {
  name: string;
  label: string;
  hint?: string;
  /** What is said when it is left out; without it, it may be. */
  missing?: string;
  value: string;
  onChange: (note: string) => void;
}

/** What somebody says in their own words. */
export function NoteField({ name, value, onChange, missing, ...field }: NoteFieldProps) {
  const words = useSharedWords();
  // Pasted from elsewhere, a note may have what the services refuse: it is said here, where it can be mended.
  const error = readText(value, textRules.note).fault === null ? null : words.noteUnfit;
  return (
    <Field {...field} {...(missing !== undefined && { missing })} error={error}>
      {(ids) => (
        <textarea
          {...ids}
          ref={(element) => element?.setCustomValidity(error ?? '')}
          name={name}
          rows={2}
          required={missing !== undefined}
          maxLength={longestNote}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

interface TimeFieldProps {
  label: string;
  /** The first moment that it may be, and the last; now, where that is null. */
  from: string;
  until: string | null;
  /** In Seoul, to the minute. */
  value: string;
  onChange: (minute: string) => void;
}

/** When something was. */
export function TimeField({ label, from, until, value, onChange }: TimeFieldProps) {
  const words = useSharedWords();
  return (
    <Field label={label} missing={words.timeWithin}>
      {(ids) => (
        <input
          {...ids}
          name="time"
          type="datetime-local"
          required
          min={seoulMinute(from)}
          max={seoulMinute(until ?? serverClock.now())}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
