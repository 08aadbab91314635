import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import type { RefusalCode, RefusalFieldsFragment } from '../../../../schema/client/generated/graphql.ts';
import { type SharedWords, useSharedWords } from '../i18n/speech.tsx';
import { intentions } from '../api/intentions.ts';
import { type Acting, useActing } from '../session/acting.ts';

/** How a click ended; said in the language of the moment. */
export interface Outcome {
  tone: 'good' | 'refused' | 'error';
  say: (words: SharedWords) => string;
  refusal?: RefusalCode;
  /** Of an error: CONNECTION_LOST and the like. */
  code?: string;
  /** It tells of something that is over by now. */
  isOver?: boolean;
}

export interface Submission {
  pending: boolean;
  outcome: Outcome | null;
  /**
   * Does what a person wishes, with the idempotency key of this wish: another text is another wish. Clicks meanwhile do
   * nothing. Resolves with how it went, once what is shown has been asked for again.
   */
  submit(wish: string, act: Act): Promise<Outcome | null>;
  forget(): void;
}

type Act = (client: Client, idempotencyKey: string) => Promise<Outcome>;

interface Attempt {
  wish: string;
  act: Act;
  acting: Acting;
}

function attempt({ wish, act, acting: { client, session } }: Attempt): Promise<Outcome> {
  return intentions
    .carryOut(`${session.userId} ${wish}`, (key) => act(client, key))
    .catch((error: unknown) => failed(error));
}

/** How long a success message stays; an error stays until the next click. */
const goodNewsMs = 10_000;

export function useSubmission(): Submission {
  const acting = useActing();
  const { mutateAsync, data: outcome = null, isPending: pending, reset } = useMutation({ mutationFn: attempt });
  // Two clicks may come before the first one shows.
  const running = useRef(false);
  useEffect(() => {
    if (outcome?.tone !== 'good') return;
    const timer = setTimeout(reset, goodNewsMs);
    return () => clearTimeout(timer);
  }, [outcome, reset]);
  async function submit(wish: string, act: Act) {
    if (!acting || running.current) return null;
    running.current = true;
    const ended = await mutateAsync({ wish, act, acting });
    running.current = false;
    await acting.refresh();
    return ended;
  }
  return { pending, outcome, submit, forget: () => pending || reset() };
}

export function failed(error: unknown): Outcome {
  const code = error instanceof GraphqlRequestError ? error.code : 'UNKNOWN';
  return { tone: 'error', code, say: (words) => errorText(error, words) };
}

export function errorText(error: unknown, words: SharedWords): string {
  if (error instanceof GraphqlRequestError) return words.error(error.code, error.message);
  return words.error('UNKNOWN', error instanceof Error ? error.message : String(error));
}

/** @param next what to do about it, where the page knows better than the code. */
export function refused({ code }: RefusalFieldsFragment, next?: string): Outcome {
  return {
    tone: 'refused',
    refusal: code,
    say: ({ refusal }) => `${refusal[code].because} ${next ?? refusal[code].next}`,
  };
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
