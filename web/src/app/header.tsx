import './header.css';
import { Wheel } from '../shared/ui/icons.tsx';
import type { SessionState } from '../shared/session/use-session.ts';
import { dashboardPath } from './links.ts';
import { clockTime } from '../shared/i18n/seoul-time.ts';
import { useClock } from '../shared/i18n/clock.ts';
import { useSharedWords } from '../shared/i18n/speech.tsx';
import { Account } from './account.tsx';
import { Navigation } from './navigation.tsx';
import type { PageName } from './paths.ts';
import { SearchButton } from './search-button.tsx';

export function Header({ page, sessionState }: { page: PageName; sessionState: SessionState }) {
  const words = useSharedWords();
  const landscape = sessionState.config?.landscape;
  return (
    <header className="header">
      <a className="skip" href="#content">
        {words.skip}
      </a>
      <a className="brand" href={dashboardPath}>
        <Wheel />
        <span>{words.name}</span>
      </a>
      {landscape && landscape !== 'production' && <span className="landscape">{landscape}</span>}
      <Navigation page={page} />
      <div className="personal">
        {/* A rider's phone has a clock of its own. */}
        {page !== 'ride' && <SeoulClock />}
        {page !== 'ride' && <SearchButton />}
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
