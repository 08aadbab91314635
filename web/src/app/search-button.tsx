import './search-button.css';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useSharedWords } from '../shared/i18n/speech.tsx';
import { seesEverything, useActing } from '../shared/session/acting.ts';
import { Fence } from '../shared/ui/fence.tsx';
import { Icon } from '../shared/ui/icons.tsx';
import { isSearchKey } from './search-key.ts';

/** Loaded when somebody first searches. */
const SearchBox = lazy(() => import('../features/search/search-box.tsx'));

/** The search for everything: by this button, Ctrl-K or ⌘K, for those who see everything. */
export function SearchButton() {
  const words = useSharedWords();
  const acting = useActing();
  const [isOpen, setOpen] = useState(false);
  const maySearch = acting !== null && seesEverything(acting.session);
  useEffect(() => {
    if (!maySearch) return;
    const onKey = (event: KeyboardEvent) => {
      // The playground's editor has a use of its own for these keys.
      if (event.defaultPrevented || !isSearchKey(event)) return;
      event.preventDefault();
      setOpen(true);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [maySearch]);
  if (!maySearch) return null;
  return (
    <>
      <button
        type="button"
        className="search-button"
        aria-label={words.searchEverything}
        aria-keyshortcuts="Control+K Meta+K"
        title={`${words.searchEverything} (Ctrl-K)`}
        onClick={() => setOpen(true)}
      >
        <Icon>
          <path d="M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 1 0 0-9M10.5 10.5 14 14" />
        </Icon>
      </button>
      {isOpen && (
        <div className="search-fence">
          <Fence>
            <Suspense>
              <SearchBox acting={acting} onClose={() => setOpen(false)} />
            </Suspense>
          </Fence>
        </div>
      )}
    </>
  );
}
