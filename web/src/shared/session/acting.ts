import type { QueryClient } from '@tanstack/react-query';
import { createContext, use } from 'react';
import { type Client, createClient } from '../../../../schema/client/client.ts';
import { randomId } from '../api/random-id.ts';
import { graphqlUrl, type Session } from './session.ts';

/** As whom the page asks and its buttons act. */
export interface Acting {
  /** Another for each session: one's answers are not another's. */
  id: string;
  session: Session;
  client: Client;
  /** Something changed: asks again for all that is shown; resolves when the answers are on the screen. */
  refresh(): Promise<void>;
  close(): void;
}

/**
 * After a change, asks once more after so long: no event announces its effects elsewhere (a payment, say), nor what
 * changes between an answer and the start of a subscription.
 */
const afterwardsMs = [500, 2_000, 8_000];

export function createActing(session: Session, queries: QueryClient): Acting {
  const id = randomId();
  const client = createClient({ url: graphqlUrl, token: session.token });
  const shown = { queryKey: [id] };
  let afterwards: ReturnType<typeof setTimeout>[] = [];
  const forgetAfterwards = () => afterwards.forEach((timer) => clearTimeout(timer));
  return {
    id,
    session,
    client,
    async refresh() {
      forgetAfterwards();
      // One that is on its way is new enough here: another comes.
      const again = () => void queries.invalidateQueries(shown, { cancelRefetch: false });
      afterwards = afterwardsMs.map((ms) => setTimeout(again, ms));
      await queries.invalidateQueries(shown);
    },
    close() {
      forgetAfterwards();
      client.close();
    },
  };
}

export const ActingContext = createContext<Acting | null>(null);

/** Null when signed out: then there are no buttons. */
export function useActing(): Acting | null {
  return use(ActingContext);
}

/** Who may act for other riders, and change the fleet. */
export function actsForOthers({ roles }: Session): boolean {
  return roles.includes('operator') || roles.includes('admin');
}

/** Who may settle what the services could not. */
export function isAdmin({ roles }: Session): boolean {
  return roles.includes('admin');
}

/** Who may see everything of everyone. */
export function seesEverything(session: Session): boolean {
  return actsForOthers(session) || session.roles.includes('auditor');
}
