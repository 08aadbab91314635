import './search-box.css';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { go } from '../../app/paths.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { districtName } from '../../shared/stations/places.ts';
import type { Acting } from '../../shared/session/acting.ts';
import { Button, Field } from '../../shared/ui/controls.tsx';
import { useBackCloses } from '../../shared/ui/use-back.ts';
import { find, type Found, type Hit, longestText } from './find.ts';
import { searchWords } from './words.ts';

/** A pause in typing: each letter would be four questions. */
const pauseMs = 200;

/** Finds anything by its number or name, and goes there (ARIA Authoring Practices: combobox with a list). */
export default function SearchBox({ acting, onClose }: { acting: Acting; onClose: () => void }) {
  const words = useWords(searchWords);
  const shared = useSharedWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const listId = useId();
  const titleId = useId();
  const [text, setText] = useState('');
  const [place, setPlace] = useState(0);
  const { found, isSearching } = useFound(acting, text);
  const hits = found?.hits ?? [];
  const active = hits[Math.min(place, hits.length - 1)];
  const activeId = active && `${listId}-${hits.indexOf(active)}`;
  useEffect(() => dialog.current?.showModal(), []);
  useBackCloses(true, () => dialog.current?.close());
  // The focus stays in the field, so the browser scrolls nothing by itself.
  useEffect(() => {
    if (activeId) document.getElementById(activeId)?.scrollIntoView({ block: 'nearest' });
  }, [activeId]);

  function open(hit: Hit) {
    onClose();
    go(hit.href);
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : hits.length - 1;
      if (hits.length > 0) setPlace((Math.min(place, hits.length - 1) + step) % hits.length);
    }
    // While it still searches, what is shown answers another text.
    if (event.key === 'Enter' && active && !isSearching) open(active);
  }
  const said = isSearching ? words.searching : found && (hits.length > 0 ? words.found(hits.length) : words.nothing);
  return (
    <dialog ref={dialog} className="raised search-box" aria-labelledby={titleId} onClose={onClose}>
      <h2 id={titleId}>{shared.searchEverything}</h2>
      <Field label={words.label} hint={words.hint}>
        {(ids) => (
          <input
            {...ids}
            type="text"
            name="everything"
            role="combobox"
            aria-expanded={hits.length > 0}
            aria-controls={listId}
            aria-autocomplete="list"
            aria-activedescendant={activeId}
            autoComplete="off"
            spellCheck={false}
            translate="no"
            maxLength={longestText}
            value={text}
            onKeyDown={onKeyDown}
            onChange={(event) => {
              setText(event.target.value);
              setPlace(0);
            }}
          />
        )}
      </Field>
      <p className="aside" role="status">
        {[said, found?.isPartial && !isSearching && words.partial].filter(Boolean).join(' ')}
      </p>
      <ul className="hits" role="listbox" id={listId} aria-label={shared.searchEverything}>
        {hits.map((hit, index) => (
          <li
            key={hit.href}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={hit === active}
            onPointerMove={() => setPlace(index)}
            onClick={() => open(hit)}
          >
            <HitLine hit={hit} />
          </li>
        ))}
      </ul>
      <Button weight="quiet" onPress={() => dialog.current?.close()}>
        {shared.close}
      </Button>
    </dialog>
  );
}

function HitLine({ hit }: { hit: Hit }) {
  const words = useWords(searchWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  switch (hit.kind) {
    case 'bike':
      return (
        <>
          <strong>{shared.bikeTitle(hit.bike.bikeId)}</strong>
          <span className="aside">{shared.conditionNames[hit.bike.condition]}</span>
        </>
      );
    case 'reservation':
      return (
        <>
          <strong>{shared.reservationTitle(hit.reservation.reserveNo)}</strong>
          <span className="aside">
            {shared.statusNames[hit.reservation.reserveStatus]} · {shared.riderTitle(hit.reservation.userId)}
          </span>
        </>
      );
    case 'station': {
      const { number, nameKo, nameEn, district } = hit.station;
      return (
        <>
          <strong>{words.station(number, language === 'en' ? (nameEn ?? nameKo) : nameKo)}</strong>
          <span className="aside">{districtName(district, language)}</span>
        </>
      );
    }
    case 'rider':
      return <strong>{shared.riderTitle(hit.userId)}</strong>;
  }
}

/** What is found of the text as it is now: an answer to an earlier one is not waited for. */
function useFound({ client }: Acting, text: string) {
  const [answer, setAnswer] = useState<{ text: string; found: Found } | null>(null);
  const wanted = text.trim();
  useEffect(() => {
    if (wanted === '') return;
    const over = new AbortController();
    const timer = setTimeout(() => {
      find(client, wanted, over.signal).then(
        (found) => setAnswer({ text: wanted, found }),
        // Another text is being searched.
        () => undefined,
      );
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      over.abort();
    };
  }, [client, wanted]);
  if (wanted === '') return { found: null, isSearching: false };
  return { found: answer?.found ?? null, isSearching: answer?.text !== wanted };
}
