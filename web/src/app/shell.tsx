import './shell.css';
import { useQueryClient } from '@tanstack/react-query';
import { Suspense, useEffect, useMemo, useRef } from 'react';
import { Skeleton } from '../shared/ui/controls.tsx';
import { Fence } from '../shared/ui/fence.tsx';
import { ActingContext, createActing } from '../shared/session/acting.ts';
import { SignInLink } from '../shared/session/sign-in.tsx';
import { type SessionState, useSession } from '../shared/session/use-session.ts';
import { SessionContext } from '../shared/session/session-context.ts';
import { useSkew } from '../shared/i18n/clock.ts';
import { useSharedWords } from '../shared/i18n/speech.tsx';
import { Header } from './header.tsx';
import { developersPath } from './links.ts';
import { pages } from './pages.ts';
import { usePage, useSearch, withLanguage } from './paths.ts';
import { useServiceWorker } from './use-service-worker.ts';
import { useTitle } from './use-title.ts';

/** The frame around every page: where one is, who one is, and the page itself once it is loaded. */
export function Shell() {
  const page = usePage();
  const words = useSharedWords();
  const sessionState = useSession(pages[page].area);
  const { session } = sessionState;
  const queries = useQueryClient();
  const acting = useMemo(() => session && createActing(session, queries), [session, queries]);
  useEffect(() => () => acting?.close(), [acting]);
  useTitle(`${words.name} · ${words.pageTitles[page]}`);
  useServiceWorker(sessionState.config);
  const content = useFocusOnMove(page);
  const { Content, isForAll } = pages[page];
  return (
    <SessionContext value={sessionState}>
      <ActingContext value={acting}>
        <Header page={page} sessionState={sessionState} />
        <main id="content" ref={content} tabIndex={-1} data-page={page}>
          <h1 className="visually-hidden">{words.pageTitles[page]}</h1>
          {sessionState.failed && (
            <p className="notice" data-tone="stale" role="status">
              {words.noServer}
            </p>
          )}
          {!isForAll && <SignInNotice {...sessionState} />}
          <SkewNotice />
          <Fence key={page}>
            <Suspense fallback={<Skeleton label={words.loading} lines={6} />}>
              <Content />
            </Suspense>
          </Fence>
        </main>
        {page !== 'developers' && <Foot />}
      </ActingContext>
    </SessionContext>
  );
}

/** Where newcomers look for what is not on the page. */
function Foot() {
  const words = useSharedWords();
  useSearch();
  return (
    <footer className="foot">
      <a href={withLanguage(developersPath)}>{words.developers}</a>
    </footer>
  );
}

/** Where people sign in at a provider: why they are not signed in, and the way there. */
function SignInNotice({ config, session, notice }: SessionState) {
  const words = useSharedWords();
  // The way back is to the address of now.
  useSearch();
  if (!config?.provider || (session && notice !== 'stillIn')) return null;
  return (
    <div className="card signed-out">
      <p role="status">{notice ? words.signInNotices[notice] : words.signInFirst}</p>
      {!session && <SignInLink config={config} notice={notice} />}
    </div>
  );
}

/** Warns of a wrong device clock. Times here follow the server's clock, so they are right all the same. */
function SkewNotice() {
  const words = useSharedWords();
  const skew = useSkew();
  if (skew === 0) return null;
  return (
    <p className="notice" role="status">
      {words.skewed(Math.abs(skew), skew > 0)}
    </p>
  );
}

/**
 * Moves the focus to the content of a new page, so that screen readers read it from its start; not on the first page.
 */
function useFocusOnMove(page: string) {
  const content = useRef<HTMLElement>(null);
  const shown = useRef(page);
  useEffect(() => {
    if (shown.current === page) return;
    shown.current = page;
    content.current?.focus({ preventScroll: true });
  }, [page]);
  return content;
}
