import { useEffect, useRef, useState } from 'react';
import { GraphqlRequestError } from '../../../../schema/client/client.ts';
import type { RefusalCode, RefusalFieldsFragment } from '../../../../schema/client/generated/graphql.ts';
import { type SharedWords, useSharedWords } from '../i18n/speech.tsx';

/** How a click ended; said in the language of the moment. */
export interface Outcome {
  tone: 'good' | 'refused' | 'error';
  say: (words: SharedWords) => string;
  refusal?: RefusalCode;
  /** Of an error: CONNECTION_LOST and the like. */
  code?: string;
}

export interface Submission {
  pending: boolean;
  outcome: Outcome | null;
  /** Runs once: clicks while it runs do nothing. Resolves with how it went. */
  submit(run: () => Promise<Outcome>): Promise<Outcome | null>;
  forget(): void;
}

/** How long a success message stays; an error stays until the next click. */
const goodNewsMs = 10_000;

export function useSubmission(): Submission {
  const [pending, setPending] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const running = useRef(false);
  useEffect(() => {
    if (outcome?.tone !== 'good') return;
    const timer = setTimeout(() => setOutcome(null), goodNewsMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  async function submit(run: () => Promise<Outcome>) {
    if (running.current) return null;
    running.current = true;
    setPending(true);
    setOutcome(null);
    const ended = await run().catch((error: unknown) => failed(error));
    setOutcome(ended);
    running.current = false;
    setPending(false);
    return ended;
  }
  return { pending, outcome, submit, forget: () => setOutcome(null) };
}

export function failed(error: unknown): Outcome {
  const code = error instanceof GraphqlRequestError ? error.code : 'UNKNOWN';
  return { tone: 'error', code, say: (words) => errorText(error, words) };
}

export function errorText(error: unknown, words: SharedWords): string {
  if (error instanceof GraphqlRequestError) return words.error(error.code, error.message);
  return words.error('UNKNOWN', error instanceof Error ? error.message : String(error));
}

export function refused({ code }: RefusalFieldsFragment): Outcome {
  return { tone: 'refused', refusal: code, say: ({ refusal }) => `${refusal[code].because} ${refusal[code].next}` };
}

export function good(say: (words: SharedWords) => string): Outcome {
  return { tone: 'good', say };
}

/** Always there, so that screen readers hear what comes into it. */
export function OutcomeText({ submission: { pending, outcome } }: { submission: Submission }) {
  const words = useSharedWords();
  return (
    <p className="outcome" role="status" data-tone={outcome?.tone ?? 'none'}>
      {pending ? words.pending : outcome?.say(words)}
    </p>
  );
}
