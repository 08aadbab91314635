import { useEffect, useState } from 'react';
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

const retryMs = 2_000;

interface Begun {
  area: Area;
  session: Session | null;
}

/** The user of this tab in the given area; signed out while it switches to another area. */
export function useSession(area: Area): SessionState {
  const [config, setConfig] = useState<Config | null>(null);
  const [begun, setBegun] = useState<Begun | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let wanted = true;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const begin = async () => {
      try {
        const loaded = await loadConfig();
        const session = await resumeSession(loaded, area);
        if (!wanted) return;
        setConfig(loaded);
        setBegun({ area, session });
      } catch {
        if (wanted) retry = setTimeout(() => setAttempt((count) => count + 1), retryMs);
      }
    };
    void begin();
    return () => {
      wanted = false;
      clearTimeout(retry);
    };
  }, [attempt, area]);
  const isBegun = begun?.area === area;
  return {
    area,
    config: isBegun ? config : null,
    session: isBegun ? begun.session : null,
    failed: attempt > 0 && !isBegun,
    signIn: (session) => setBegun({ area, session }),
    signOut() {
      forgetSession(area);
      setBegun({ area, session: null });
    },
  };
}
