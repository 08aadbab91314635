/** The few controls that all pages share, on react-aria-components. */
import './controls.css';
import { type ReactNode, type SyntheticEvent, useId, useState } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components/Button';
import { ToggleButton } from 'react-aria-components/ToggleButton';
import { ToggleButtonGroup } from 'react-aria-components/ToggleButtonGroup';
import { useSharedWords } from '../i18n/speech.tsx';

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'style'> {
  /** Visual emphasis. */
  weight?: 'primary' | 'plain' | 'quiet' | 'danger';
  className?: string;
}

/**
 * While pending it keeps the focus and ignores clicks. The outcome's text announces the progress: the library would
 * announce the button itself, which may be gone by then.
 */
export function Button({ weight = 'primary', className = '', isPending = false, ...rest }: ButtonProps) {
  const pending = isPending ? ({ 'aria-disabled': true, 'data-pending': true, type: 'button' } as const) : {};
  const { onPress, ...others } = rest;
  return (
    <AriaButton
      {...others}
      {...(onPress && !isPending ? { onPress } : {})}
      {...pending}
      className={`button ${className}`}
      data-weight={weight}
    />
  );
}

/** Looks like a button and leads to an address. */
export function LinkButton({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a className="button" data-weight="primary" href={href}>
      {children}
    </a>
  );
}

interface ChoiceProps<Key extends string> {
  label: string;
  options: readonly { key: Key; label: ReactNode; lang?: string }[];
  chosen: Key;
  onChoose: (key: Key) => void;
}

/** One of a few, all of them visible. */
export function Choice<Key extends string>({ label, options, chosen, onChoose }: ChoiceProps<Key>) {
  return (
    <ToggleButtonGroup
      className="choice"
      aria-label={label}
      disallowEmptySelection
      selectedKeys={[chosen]}
      onSelectionChange={(keys) => {
        const picked = options.find(({ key }) => keys.has(key));
        if (picked) onChoose(picked.key);
      }}
    >
      {options.map(({ key, label: text, lang }) => (
        <ToggleButton key={key} id={key} className="choice-option">
          <span lang={lang}>{text}</span>
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}

interface FieldProps {
  label: string;
  /** What is expected, in small letters below. */
  hint?: string;
  /** What is wrong with the value: replaces the browser's own bubble, in the page's language. */
  error?: string | null;
  /** The message for a required field that is empty. */
  missing?: string;
  children: (ids: FieldIds) => ReactNode;
}

interface FieldIds {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

/** A labelled native input, for the phone's own keyboard and picker. */
export function Field({ label, hint, error, missing, children }: FieldProps) {
  const id = useId();
  const hintId = hint ? `${id}-hint` : undefined;
  const errorId = `${id}-error`;
  const words = useSharedWords();
  const [isMissing, setMissing] = useState(false);
  const said = error ?? (isMissing ? (missing ?? words.fieldMissing) : null);
  const described = [said ? errorId : undefined, hintId].filter(Boolean).join(' ');
  // Says here that it is required: the browser's own bubble uses the browser's language.
  const missed = (event: SyntheticEvent) => {
    event.preventDefault();
    setMissing(true);
    if (event.target instanceof HTMLElement) event.target.focus();
  };
  return (
    // Not while the event is captured: React would render before the field hears of it, and take its first key back.
    <div className="field" onInvalidCapture={missed} onInput={() => setMissing(false)}>
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': said ? true : undefined })}
      <p className="field-error" id={errorId} role="alert">
        {said}
      </p>
      {hint && (
        <p className="hint" id={hintId}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** Says that there is nothing, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  );
}

/** Where something is about to be: its outline, so that nothing jumps when it comes. */
export function Skeleton({ label, lines = 3 }: { label: string; lines?: number }) {
  return (
    <div className="skeleton" role="status">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} aria-hidden="true" />
      ))}
    </div>
  );
}
