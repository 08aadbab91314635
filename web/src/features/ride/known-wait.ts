import { RiderWaitingDocument, type WaitingFieldsFragment } from '../../../../schema/client/generated/graphql.ts';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useActing } from '../../shared/session/acting.ts';

/** What the waiting card knows, for others on the page. */
export function useKnownWait(): WaitingFieldsFragment | null {
  const userId = useActing()?.session.userId ?? '';
  return useAnswer(query(RiderWaitingDocument, { userId })).data?.user?.waiting ?? null;
}

/** Whether a bike is kept for the rider just now: the card that says so has its button. */
export const useHasOffer = (): boolean => (useKnownWait()?.offer ?? null) !== null;
