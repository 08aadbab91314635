import './as-of.css';
import { useActing } from '../../shared/session/acting.ts';
import type { ShownAnswer } from '../../shared/api/use-answer.ts';
import { Button } from '../../shared/ui/controls.tsx';
import { errorText } from '../../shared/ui/submission.tsx';
import { useClock } from '../../shared/i18n/clock.ts';
import { clockTimeOn } from '../../shared/i18n/seoul-time.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { fleetWords } from './words.ts';

type Told = Pick<ShownAnswer<unknown>, 'at' | 'error'>;

/** The time of the page's data, and why it is no newer; it refreshes by itself, and at once on a click. */
export function AsOf({ answer: { at, error } }: { answer: Told }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const acting = useActing();
  const time = useClock((now) => (at === null ? '' : clockTimeOn(at, now)));
  return (
    <div className="as-of">
      <p className="outcome" role="status" data-tone="error">
        {error ? errorText(error, shared) : ''}
      </p>
      {at !== null && (
        <p className="aside number" translate="no">
          {words.asOf(`${time} KST`)}
        </p>
      )}
      <Button weight="plain" onPress={() => void acting?.refresh()}>
        {words.refresh}
      </Button>
    </div>
  );
}
