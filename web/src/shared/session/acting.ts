import { createContext, use } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import type { Session } from './session.ts';

/** As whom the page's buttons act. */
export interface Acting {
  session: Session;
  client: Client;
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
