import { useQuery } from '@tanstack/react-query';
import { createContext, useEffect, useState } from 'react';
import { PushKeyDocument } from '../../../../schema/client/generated/graphql.ts';
import { answerTo, query } from '../../shared/api/answer.ts';
import { anyone } from '../../shared/api/use-tariff.ts';
import { useSpeech } from '../../shared/i18n/speech.tsx';
import {
  agreedFor,
  type Obstacle,
  obstacleHere,
  PushServiceAway,
  startPushes,
  stopPushes,
} from '../../shared/pushes/consent.ts';
import type { Acting } from '../../shared/session/acting.ts';
import { good, type Outcome, refused, type Submission, useSubmission } from '../../shared/ui/submission.tsx';
import { rideWords } from './words.ts';

/**
 * Whether the rider is told in this browser while no page is open. `asking`: the server has not said yet; `noKey`: it
 * pushes nothing; `blocked`: the person, or who administers the browser, said no.
 */
export type PushState = 'asking' | 'noKey' | Obstacle | 'blocked' | 'off' | 'on';

export interface Pushes {
  state: PushState;
  submission: Submission;
  /** By a click: browsers ask a person only then. */
  turn(on: boolean): void;
}

/** So that what is pushed is not told by the page as well. */
export const PushStateContext = createContext<PushState>('noKey');

const obstacle = obstacleHere();

export function usePushes({ session: { userId }, client }: Acting): Pushes {
  const { language } = useSpeech();
  const key = usePushKey();
  const submission = useSubmission();
  const [permission, setPermission] = useState(() => (obstacle === null ? Notification.permission : 'denied'));
  const [agreed, setAgreed] = useState(agreedFor);
  const [changes, setChanges] = useState(0);
  const isOn = agreed === userId && permission === 'granted';

  useEffect(() => {
    if (obstacle !== null) return;
    // The browser has renewed its subscription.
    const changed = () => setChanges((count) => count + 1);
    navigator.serviceWorker.addEventListener('message', changed);
    return () => navigator.serviceWorker.removeEventListener('message', changed);
  }, []);

  useEffect(() => {
    if (!isOn || typeof key !== 'string') return;
    // Says it again: the subscription, the key or the language may be another by now. Without an answer the next
    // opening does.
    void startPushes(client, { userId, key, language })
      .then((refusal) => refusal && setAgreed(agreedFor()))
      .catch(() => undefined);
  }, [isOn, client, userId, key, language, changes]);

  async function start(asked: Promise<NotificationPermission>): Promise<Outcome> {
    const said = await asked;
    setPermission(said);
    if (said !== 'granted') return { tone: 'refused', say: () => rideWords[language].pushNotAllowed };
    try {
      const refusal = await startPushes(client, { userId, key: key ?? '', language });
      if (refusal) return refused(refusal);
    } catch (error) {
      if (!(error instanceof PushServiceAway)) throw error;
      return { tone: 'error', say: () => rideWords[language].pushServiceAway };
    }
    setAgreed(agreedFor());
    return good(() => rideWords[language].pushesStarted);
  }

  async function stop(): Promise<Outcome> {
    await stopPushes(client);
    setAgreed(agreedFor());
    return good(() => rideWords[language].pushesStopped);
  }

  return {
    state: stateOf(),
    submission,
    turn(on) {
      // Now, and not after anything else: a browser asks a person only in the middle of a click.
      const asked = on ? Notification.requestPermission() : null;
      void submission.submit(on ? 'start pushes' : 'stop pushes', () => (asked ? start(asked) : stop()));
    },
  };

  function stateOf(): PushState {
    if (key === undefined) return 'asking';
    if (key === null) return 'noKey';
    if (obstacle !== null) return obstacle;
    if (permission === 'denied') return 'blocked';
    return isOn ? 'on' : 'off';
  }
}

/** With which the server signs; null where it pushes nothing, undefined until it has said. */
function usePushKey(): string | null | undefined {
  const { data } = useQuery({
    ...answerTo(query(PushKeyDocument, {}), anyone),
    staleTime: Infinity,
    // It may be another after an update of the server.
    refetchOnWindowFocus: 'always',
  });
  return data?.data?.pushKey;
}
