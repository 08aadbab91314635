import './pushes.css';
import { useWords } from '../../shared/i18n/speech.tsx';
import { OutcomeText } from '../../shared/ui/submission.tsx';
import type { Pushes, PushState } from './use-pushes.ts';
import { rideWords } from './words.ts';

/** There is nothing that a rider could switch. */
const hidden: ReadonlySet<PushState> = new Set<PushState>(['asking', 'noKey']);

/** Whether this browser is told while the page is closed, and why it cannot be. */
export function PushesCard({ state, submission, turn }: Pushes) {
  const words = useWords(rideWords);
  if (hidden.has(state)) return null;
  const isOn = state === 'on';
  const why = state === 'noPushes' || state === 'notInstalled' || state === 'blocked' ? words.noPushes[state] : null;
  return (
    <section className="card pushes" aria-labelledby="pushes-title">
      <h2 id="pushes-title">{words.pushes}</h2>
      {why === null && (
        <input
          type="checkbox"
          role="switch"
          className="push-switch"
          aria-labelledby="pushes-title"
          aria-describedby="pushes-hint"
          checked={isOn}
          aria-disabled={submission.pending}
          onChange={() => submission.pending || turn(!isOn)}
        />
      )}
      <p id="pushes-hint" className="aside">
        {why ?? words.pushesHint}
      </p>
      <OutcomeText submission={submission} />
    </section>
  );
}
