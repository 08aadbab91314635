import { useSharedWords } from '../words/speech.tsx';
import { NavIcon } from './nav-icon.tsx';

/** Where the pages are; the playground is a document of its own. */
const addresses = { dashboard: '/', ride: '/ride', fleet: '/fleet', playground: '/playground' } as const;
type Place = keyof typeof addresses;

/** At the top of wide screens, under the thumb of narrow ones. */
export function Navigation({ page }: { page: Place }) {
  const words = useSharedWords();
  return (
    <nav className="nav" aria-label={words.navigation}>
      {(Object.keys(addresses) as Place[]).map((place) => (
        <a key={place} href={addresses[place]} aria-current={place === page ? 'page' : undefined}>
          <NavIcon name={place} />
          {words.pages[place]}
        </a>
      ))}
    </nav>
  );
}
