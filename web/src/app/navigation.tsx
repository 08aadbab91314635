import './navigation.css';
import { pageAddresses, type PlaceName } from '../../../schema/page-addresses.ts';
import { useSharedWords } from '../shared/i18n/speech.tsx';
import { NavIcon } from './nav-icon.tsx';
import { useSearch, withLanguage } from './paths.ts';

/** At the top of wide screens, under the thumb of narrow ones. The playground is a document of its own. */
export function Navigation({ page }: { page: PlaceName }) {
  const words = useSharedWords();
  useSearch();
  return (
    <nav className="nav" aria-label={words.navigation}>
      {(Object.keys(pageAddresses) as PlaceName[]).map((place) => (
        <a key={place} href={withLanguage(pageAddresses[place])} aria-current={place === page ? 'page' : undefined}>
          <NavIcon name={place} />
          <span>{words.pages[place]}</span>
        </a>
      ))}
    </nav>
  );
}
