import './navigation.css';
import { pageAddresses, type PlaceName } from '../../../schema/page-addresses.ts';
import { useSharedWords } from '../shared/i18n/speech.tsx';
import { NavIcon } from './nav-icon.tsx';
import { useSearch, withLanguage } from './paths.ts';

/** Developers find theirs at the foot of every page: under a rider's thumb there is no room for it. */
const places = (Object.keys(pageAddresses) as PlaceName[]).filter((place) => place !== 'developers');

/** At the top of wide screens, under the thumb of narrow ones. The playground is a document of its own. */
export function Navigation({ page }: { page: PlaceName }) {
  const words = useSharedWords();
  useSearch();
  return (
    <nav className="nav" aria-label={words.navigation}>
      {places.map((place) => (
        <a key={place} href={withLanguage(pageAddresses[place])} aria-current={place === page ? 'page' : undefined}>
          <NavIcon name={place} />
          <span>{words.pages[place]}</span>
        </a>
      ))}
    </nav>
  );
}
