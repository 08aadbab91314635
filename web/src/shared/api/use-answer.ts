import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useActing } from '../session/acting.ts';
import { type Answer, answerTo, type Pace, type Question, unanswered } from './answer.ts';

export interface ShownAnswer<Data> extends Answer<Data> {
  /** Why it is no newer. */
  error: unknown;
  /** The first answer is still to come. */
  isWaiting: boolean;
}

interface Asking {
  pace?: Pace;
  /** Shows the answer to the question before until there is one to this. */
  keepsLast?: boolean;
}

/** The answer to a question, as the one who is signed in. Null asks nothing. */
export function useAnswer<Data>(
  question: Question<Data> | null,
  { pace, keepsLast = false }: Asking = {},
): ShownAnswer<Data> {
  const { data: answer } = useQuery({
    ...answerTo(question, useActing(), pace),
    ...(keepsLast ? { placeholderData: keepPreviousData } : {}),
  });
  return {
    ...(answer ?? unanswered),
    error: answer?.failure?.error ?? null,
    isWaiting: question !== null && !answer,
  };
}
