import { Wheel } from '../design/icons.tsx';
import type { SessionState } from '../session/use-session.ts';
import { clockTime } from '../words/seoul-time.ts';
import { useClock } from '../words/clock.ts';
import { useSharedWords } from '../words/speech.tsx';
import { Account } from './account.tsx';
import { Navigation } from './navigation.tsx';
import type { PageName } from './pages.ts';

export function Header({ page, sessionState }: { page: PageName; sessionState: SessionState }) {
  const words = useSharedWords();
  const landscape = sessionState.config?.landscape;
  return (
    <header className="header">
      <a className="skip" href="#content">
        {words.skip}
      </a>
      <a className="brand" href="/">
        <Wheel />
        <span>{words.name}</span>
      </a>
      {landscape && landscape !== 'production' && <span className="landscape">{landscape}</span>}
      <Navigation page={page} />
      <div className="personal">
        {/* A rider's phone has a clock of its own. */}
        {page !== 'ride' && <SeoulClock />}
        <Account {...sessionState} />
      </div>
    </header>
  );
}

function SeoulClock() {
  const words = useSharedWords();
  const time = useClock(clockTime);
  return (
    <p className="seoul-clock" title={words.seoulTime}>
      <span className="number">{time}</span> <span>KST</span>
    </p>
  );
}
