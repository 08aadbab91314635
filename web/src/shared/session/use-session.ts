import { useQuery, useQueryClient } from '@tanstack/react-query';
import { backoffMs } from '../../../../schema/client/backoff.ts';
import { type Area, type Config, forgetSession, loadConfig, resumeSession, type Session } from './session.ts';

export interface SessionState {
  area: Area;
  /** Null until the router answered. */
  config: Config | null;
  session: Session | null;
  /** The router does not answer. */
  failed: boolean;
  signIn: (session: Session) => void;
  signOut: () => void;
}

interface Begun {
  config: Config;
  session: Session | null;
}

/** The user of this tab in the given area, until another signs in; signed out while it is asked for. */
export function useSession(area: Area): SessionState {
  const queries = useQueryClient();
  const queryKey = ['session', area];
  const { data, failureCount } = useQuery({
    queryKey,
    async queryFn(): Promise<Begun> {
      const config = await loadConfig();
      return { config, session: await resumeSession(config, area) };
    },
    retry: true,
    retryDelay: (failures) => backoffMs(failures + 1),
    staleTime: Infinity,
    gcTime: Infinity,
    structuralSharing: false,
  });
  const begin = (session: Session | null) =>
    queries.setQueryData<Begun>(queryKey, (before) => before && { ...before, session });
  return {
    area,
    config: data?.config ?? null,
    session: data?.session ?? null,
    failed: failureCount > 0 && !data,
    signIn: begin,
    signOut() {
      forgetSession(area);
      begin(null);
    },
  };
}
