import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '../design/tokens.css';
import '../shell/shell.css';
import './playground.css';
import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws/client';
import { StrictMode, useEffect, useMemo, useRef } from 'react';
import { createRoot } from 'react-dom/client';
import { Wheel } from '../design/icons.tsx';
import { graphqlUrl, type Session } from '../session/session.ts';
import { type SessionState, useSession } from '../session/use-session.ts';
import { Navigation } from '../shell/navigation.tsx';
import { applyTheme, rememberedTheme } from '../shell/theme.ts';
import { SpeechProvider, useSharedWords } from '../words/speech.tsx';
import { Identity } from './identity.tsx';
import { mendTabs } from './mend-tabs.ts';
import { stories } from './stories.ts';

/** As in playground.css: below it the documentation opens when it is asked for. */
const isWide = matchMedia('(min-width: 900px)').matches;

function Playground() {
  const words = useSharedWords();
  const sessionState = useSession('staff');
  const { config, session, failed } = sessionState;
  const fetcher = useMemo(() => createFetcher(session), [session]);
  const theme = rememberedTheme();
  const page = useRef<HTMLDivElement>(null);
  useEffect(() => (page.current ? mendTabs(page.current) : undefined), []);
  return (
    <div className="playground" ref={page}>
      <PlaygroundHeader {...sessionState} />
      <h1 className="visually-hidden">{words.pageTitles.playground}</h1>
      {failed && (
        <p className="no-server" role="status">
          {words.noServer}
        </p>
      )}
      {config && (
        <GraphiQL
          fetcher={fetcher}
          defaultTabs={stories}
          {...(isWide ? { visiblePlugin: 'Documentation Explorer' } : {})}
          {...(theme === 'system' ? {} : { forcedTheme: theme })}
          defaultEditorToolsVisibility="variables"
        />
      )}
    </div>
  );
}

function PlaygroundHeader(state: SessionState) {
  const words = useSharedWords();
  return (
    <header className="header">
      <a className="brand" href="/">
        <Wheel />
        <span>{words.name}</span>
      </a>
      <Navigation page="playground" />
      <div className="personal">{state.config && <Identity {...state} />}</div>
    </header>
  );
}

/** Queries and mutations over HTTP, subscriptions over one WebSocket for each identity. */
function createFetcher(session: Session | null): Fetcher {
  const authorization = async () => (session ? { authorization: `Bearer ${await session.token()}` } : {});
  return createGraphiQLFetcher({
    url: graphqlUrl,
    // The token is asked for with each request: it may have been renewed.
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(await authorization()))
        if (!headers.has(name)) headers.set(name, value);
      return fetch(input, { ...init, headers });
    },
    wsClient: createClient({
      url: graphqlUrl.replace(/^http/, 'ws'),
      connectionParams: authorization,
      keepAlive: 10_000,
    }),
  });
}

const root = document.getElementById('root');
if (root) {
  applyTheme();
  createRoot(root).render(
    <StrictMode>
      <SpeechProvider>
        <Playground />
      </SpeechProvider>
    </StrictMode>,
  );
}
