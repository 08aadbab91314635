import './progress.css';
import { ProgressBar } from 'react-aria-components/ProgressBar';
import { useWords } from '../../shared/i18n/speech.tsx';
import { fleetWords } from './words.ts';

/** How many of some lines are done. */
export function Progress({ label, done, of }: { label: string; done: number; of: number }) {
  const words = useWords(fleetWords);
  return (
    <ProgressBar
      className="progress"
      aria-label={label}
      value={done}
      maxValue={of}
      valueLabel={words.importDone(done, of)}
    >
      {({ percentage, valueText }) => (
        <>
          <span className="progress-track">
            <span style={{ width: `${percentage ?? 0}%` }} />
          </span>
          <span className="aside number">{valueText}</span>
        </>
      )}
    </ProgressBar>
  );
}
