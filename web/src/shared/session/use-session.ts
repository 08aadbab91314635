import { useEffect, useState } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { backoffMs } from '../../../../schema/client/backoff.ts';
import { forgetPushesOfOthers, withdrawPushes } from '../pushes/consent.ts';
import { forgetNotice, noticeIn, resumeAtProvider, type SessionNotice, signOutAtProvider } from './provider.ts';
import {
  type Area,
  areas,
  type Config,
  forgetSession,
  loadConfig,
  onSignedOutElsewhere,
  resumeSession,
  type Session,
} from './session.ts';

export interface SessionState {
  area: Area;
  /** Null until the router answered. */
  config: Config | null;
  session: Session | null;
  /** The router does not answer. */
  failed: boolean;
  /** What there is to tell about signing in or out. */
  notice: SessionNotice | null;
  /** With null as nobody, until the page is loaded again: no other tab hears of it. */
  signIn: (session: Session | null) => void;
  signOut: () => void;
}

interface Begun {
  config: Config;
  session: Session | null;
}

const keyOf = (area: Area) => ['session', area];

/** The user of this tab in the given area, until another signs in; signed out while it is asked for. */
export function useSession(area: Area): SessionState {
  const queries = useQueryClient();
  const queryKey = keyOf(area);
  const [notice, setNotice] = useState<SessionNotice | null>(() => noticeIn(location.search));
  useEffect(forgetNotice, []);
  const begin = (session: Session | null) =>
    queries.setQueryData<Begun>(queryKey, (before) => before && { ...before, session });
  useEffect(
    () =>
      onSignedOutElsewhere((left) =>
        queries.setQueryData<Begun>(keyOf(left), (before) =>
          before?.config.devTokens ? { ...before, session: null } : before,
        ),
      ),
    [queries],
  );
  const end = (reason: SessionNotice) => {
    setNotice(reason);
    begin(null);
  };
  /** What follows may leave this page as it is: the provider's answer may be empty, and people go back. */
  const leave = async () => {
    const to = await signOutAtProvider();
    setNotice('ended');
    for (const each of areas) {
      queries.setQueryData<Begun>(keyOf(each), (before) => before && { ...before, session: null });
    }
    location.assign(to);
  };
  const { data, failureCount } = useQuery({
    queryKey,
    async queryFn(): Promise<Begun> {
      const config = await loadConfig();
      if (!config.provider) return { config, session: await resumeSession(config, area) };
      const session = await resumeAtProvider({ ended: end, changed: begin });
      if (session) void forgetPushesOfOthers(session);
      return { config, session };
    },
    retry: true,
    retryDelay: (failures) => backoffMs(failures + 1),
    staleTime: Infinity,
    gcTime: Infinity,
    structuralSharing: false,
  });
  return {
    area,
    config: data?.config ?? null,
    session: data?.session ?? null,
    failed: failureCount > 0 && !data,
    notice,
    signIn: begin,
    signOut() {
      // Before the session ends, which it needs.
      const withdrawn = data?.session ? withdrawPushes(data.session) : Promise.resolve();
      if (data?.config.provider) return void withdrawn.then(leave).catch(() => setNotice('stillIn'));
      forgetSession(area);
      begin(null);
    },
  };
}
