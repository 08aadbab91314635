import './status-strip.css';
import { useEffect, useRef, useState } from 'react';
import { Button } from '../../shared/ui/controls.tsx';
import { Icon } from '../../shared/ui/icons.tsx';
import { useClock } from '../../shared/i18n/clock.ts';
import { serverClock } from '../../shared/i18n/server-clock.ts';
import { clockTimeOn } from '../../shared/i18n/seoul-time.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { type SharedWords, useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { type Connection, type DashboardAction, type DashboardState, updatesNotShown } from './dashboard-state.ts';
import { dashboardWords } from './words.ts';

interface StatusStripProps {
  connection: Connection;
  state: DashboardState;
  dispatch: (action: DashboardAction) => void;
}

/** How current the screen is: live or not, as of when, its latency, its lag. */
export function StatusStrip({ connection, state, dispatch }: StatusStripProps) {
  const words = useWords(dashboardWords);
  const { picture, frozen } = state;
  return (
    <div className="status-strip">
      <ConnectionState connection={connection} />
      {picture && (
        <dl className="instruments">
          <LastChange at={(frozen ?? picture).at} />
          <Latency at={picture.at} updates={picture.updates} />
          <div title={words.lagHint}>
            <dt>{words.lag}</dt>
            <dd className="number" translate="no">
              {formatCount(picture.lag.pendingEvents)}
            </dd>
          </div>
        </dl>
      )}
      {picture && (
        <Button
          weight={frozen ? 'primary' : 'plain'}
          className="pause"
          onPress={() => dispatch({ type: frozen ? 'resumed' : 'paused' })}
        >
          <Icon filled={frozen !== null}>
            <path d={frozen ? 'M5 3l8 5-8 5z' : 'M5.5 3v10M10.5 3v10'} />
          </Icon>
          <span>{frozen ? words.resume : words.pause}</span>
          {frozen && <span className="badge number">{formatCount(updatesNotShown(state))}</span>}
        </Button>
      )}
    </div>
  );
}

function ConnectionState({ connection }: { connection: Connection }) {
  const shared = useSharedWords();
  const text = useClock((now) => connectionText(connection, shared, now));
  return (
    <p className="connection" data-status={connection.status}>
      <span className="lamp" aria-hidden="true" />
      <span>{text}</span>
    </p>
  );
}

function connectionText(connection: Connection, words: SharedWords, now: number): string {
  switch (connection.status) {
    case 'connecting':
      return words.connecting;
    case 'live':
      return words.live;
    case 'reconnecting':
      return words.reconnecting(clockTimeOn(connection.since, now));
    case 'signed-out':
      return words.signedOut;
    case 'not-allowed':
      return words.noAccess;
  }
}

function LastChange({ at }: { at: string }) {
  const words = useWords(dashboardWords);
  const text = useClock((now) => clockTimeOn(at, now));
  return (
    <div>
      <dt>{words.lastChange}</dt>
      <dd className="number">
        <time dateTime={at}>{text}</time> KST
      </dd>
    </div>
  );
}

/** A figure that changes with every event could not be read. */
const showLatencyEveryMs = 1_000;

/** Measured when the frame that shows the update is due, not when the message came. */
function Latency({ at, updates }: { at: string; updates: number }) {
  const words = useWords(dashboardWords);
  const [measured, setMeasured] = useState<number | null>(null);
  const atFirst = useRef(updates);
  const shownAt = useRef(-Infinity);
  useEffect(() => {
    if (updates === atFirst.current || performance.now() - shownAt.current < showLatencyEveryMs) return;
    const frame = requestAnimationFrame(() => {
      shownAt.current = performance.now();
      setMeasured(Math.max(0, serverClock.now() - Date.parse(at)));
    });
    return () => cancelAnimationFrame(frame);
  }, [at, updates]);
  return (
    <div title={words.latencyHint}>
      <dt>{words.latency}</dt>
      <dd className="number latency" translate="no">
        {measured === null ? '–' : words.latencyIs(measured)}
      </dd>
    </div>
  );
}
