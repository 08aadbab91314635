import './overtime.css';
import { use } from 'react';
import type { OvertimeRule } from '../../../../schema/overtime.ts';
import { useTariff } from '../../shared/api/use-tariff.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { hourAndMinute } from '../../shared/i18n/seoul-time.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
import { Button } from '../../shared/ui/controls.tsx';
import { rideTimeAt, type Stage } from './ride-time.ts';
import { useNotifications } from './use-notifications.ts';
import { type PushState, PushStateContext } from './use-pushes.ts';
import { rideWords } from './words.ts';

const minuteMs = 60_000;

/** Null until point has told its part of the tariff. */
export function useOvertimeRule(): OvertimeRule | null {
  const { overtimeFreeMinutes, overtimeStepMinutes, overtimeStepPrice, overtimeCap } = useTariff();
  if (overtimeFreeMinutes === undefined || overtimeStepMinutes === undefined) return null;
  return {
    freeMinutes: overtimeFreeMinutes,
    stepMinutes: overtimeStepMinutes,
    stepPrice: Number(overtimeStepPrice),
    cap: Number(overtimeCap),
  };
}

/** Where nothing can be pushed, the page itself tells while it is open, for who asks it to. */
const tellsItself: ReadonlySet<PushState> = new Set<PushState>(['noKey', 'noPushes', 'notInstalled']);

interface OvertimeProps {
  /** Epoch milliseconds. */
  start: number;
  rule: OvertimeRule;
  reserveNo: number;
}

/** Until when a ride costs nothing more, a warning before, and what it costs so far. */
export function Overtime({ start, rule, reserveNo }: OvertimeProps) {
  const words = useWords(rideWords);
  const { freeMinutes, stepMinutes, stepPrice, cap } = rule;
  const freeUntil = start + freeMinutes * minuteMs;
  const stage = useClock((now) => rideTimeAt(now, start, rule).stage);
  const left = useClock((now) => Math.max(1, Math.ceil((freeUntil - now) / minuteMs)));
  const price = useClock((now) => rideTimeAt(now, start, rule).price);
  const dearer = useClock((now) => rideTimeAt(now, start, rule).dearer);
  const dearerAt = useClock((now) => rideTimeAt(now, start, rule).dearerAt);
  const warning = words.freeSoonOver(left, hourAndMinute(freeUntil));
  const pushes = use(PushStateContext);
  const soon = pushes === 'on' ? null : warning;
  const notices: Record<Stage, string | null> = { free: null, soon, over: words.costsSoFar(price) };
  const notifications = useNotifications(`${reserveNo} ${stage}`, notices[stage]);

  return (
    <>
      {stage === 'free' && (
        <p className="dial-note" data-tone="calm">
          {words.freeUntil(hourAndMinute(freeUntil))}
        </p>
      )}
      {/* Always there, so that screen readers hear what comes into it. */}
      <div className="overtime" data-stage={stage} role="status">
        {stage === 'soon' && (
          <>
            <strong>{warning}</strong>
            <span>{words.thenCosts(stepMinutes, stepPrice, cap)}</span>
          </>
        )}
        {stage === 'over' && (
          <>
            <strong>{words.costsSoFar(price)}</strong>
            {dearer > price && <span>{words.costsMoreAt(dearer, hourAndMinute(dearerAt))}</span>}
            <span>{words.overtime(freeMinutes, stepMinutes, stepPrice, cap)}</span>
          </>
        )}
      </div>
      {stage !== 'over' && notifications.state === 'default' && tellsItself.has(pushes) && (
        <Button weight="plain" onPress={notifications.ask}>
          {words.notify}
        </Button>
      )}
      {stage !== 'over' && notifications.state === 'granted' && tellsItself.has(pushes) && (
        <p className="aside">{words.notifies}</p>
      )}
      {notifications.state === 'denied' && notifications.asked && <p className="aside">{words.notifyBlocked}</p>}
    </>
  );
}
