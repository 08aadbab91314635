import { createContext, use } from 'react';
import type { SessionState } from './use-session.ts';

export const SessionContext = createContext<SessionState | null>(null);

/** @throws {Error} outside of the shell */
export function useSessionState(): SessionState {
  const state = use(SessionContext);
  if (!state) throw new Error('There is no session outside of the shell.');
  return state;
}
