import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '../../shared/ui/tokens.css';
import '../../app/header.css';
import './main.css';
import {
  createGraphiQLFetcher,
  type Fetcher,
  type FetcherOpts,
  type FetcherParams,
  type FetcherResultPayload,
  isAsyncIterable,
} from '@graphiql/toolkit';
import { getOperationAST, OperationTypeNode, parse } from 'graphql';
import { GraphiQL } from 'graphiql';
import { createClient } from 'graphql-ws/client';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, useEffect, useMemo, useRef } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueryClient } from '../../shared/api/answer.ts';
import { Wheel } from '../../shared/ui/icons.tsx';
import { graphqlUrl, type Session } from '../../shared/session/session.ts';
import { type SessionState, useSession } from '../../shared/session/use-session.ts';
import { dashboardPath, developersPath } from '../../app/links.ts';
import { withLanguage } from '../../app/paths.ts';
import { Navigation } from '../../app/navigation.tsx';
import { applyTheme, rememberedTheme } from '../../app/theme.ts';
import { useTitle } from '../../app/use-title.ts';
import { followServerClock } from '../../shared/i18n/server-clock.ts';
import { SpeechProvider, useSharedWords } from '../../shared/i18n/speech.tsx';
import { Identity } from './identity.tsx';
import { kept } from './kept.ts';
import { mendTabs } from './mend-tabs.ts';
import { createLiveTabs } from './live-tabs.ts';
import { type Numbers, numbersIn } from './numbers.ts';
import { stories } from './stories.ts';
import { TabKeeper, type Tabs } from './tab-keeper.tsx';

/** As in main.css: below it the documentation opens when it is asked for. */
const isWide = matchMedia('(min-width: 900px)').matches;

function Playground() {
  const words = useSharedWords();
  useTitle(`${words.name} · ${words.pageTitles.playground}`);
  const sessionState = useSession('staff');
  const { config, session, failed } = sessionState;
  const { fetcher, tabs, close } = useMemo(() => createFetcher(session), [session]);
  useEffect(() => close, [close]);
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
          storage={kept}
          defaultTabs={stories}
          {...(isWide ? { visiblePlugin: 'Documentation Explorer' } : {})}
          {...(theme === 'system' ? {} : { forcedTheme: theme })}
          defaultEditorToolsVisibility="variables"
        >
          <TabKeeper tabs={tabs} />
        </GraphiQL>
      )}
    </div>
  );
}

function PlaygroundHeader(state: SessionState) {
  const words = useSharedWords();
  return (
    <header className="header">
      <a className="brand" href={dashboardPath}>
        <Wheel />
        <span>{words.name}</span>
      </a>
      <Navigation page="playground" />
      <a className="for-developers" href={withLanguage(developersPath)}>
        {words.pageTitles.developers}
      </a>
      <div className="personal">{state.config && <Identity {...state} />}</div>
    </header>
  );
}

/** GraphiQL stops what runs before it says that another tab is looked at. */
const tabChangeMs = 20;

interface Asking {
  fetcher: Fetcher;
  tabs: Tabs;
  close: () => void;
}

/** Queries and mutations over HTTP, subscriptions over one WebSocket for each identity. */
function createFetcher(session: Session | null): Asking {
  const authorization = async () => (session ? { authorization: `Bearer ${await session.token()}` } : {});
  const socket = createClient({
    url: graphqlUrl.replace(/^http/, 'ws'),
    connectionParams: authorization,
    keepAlive: 10_000,
  });
  const ask = createGraphiQLFetcher({
    url: graphqlUrl,
    // The token is asked for with each request: it may have been renewed.
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(await authorization()))
        if (!headers.has(name)) headers.set(name, value);
      return fetch(input, { ...init, headers });
    },
    wsClient: socket,
  });
  let current = '';
  let numbers: Numbers = {};
  const live = createLiveTabs((tab) => {
    setTimeout(() => current === tab && live.end(tab), tabChangeMs);
  });
  const tabs: Tabs = {
    look(tab, all) {
      current = tab;
      live.keep(all);
    },
    live,
    numbers: () => numbers,
  };
  const note = (answer: unknown) => {
    numbers = { ...numbers, ...numbersIn((answer as { data?: unknown }).data) };
    return answer as FetcherResultPayload;
  };
  async function* noting(answers: AsyncIterable<unknown>) {
    for await (const answer of answers) yield note(answer);
  }
  const fetcher = async (parameters: FetcherParams, options?: FetcherOpts) => {
    const asked = withOperation(parameters);
    const { query, operationName, isSubscription } = asked;
    const variables = parameters.variables as Record<string, unknown>;
    if (isSubscription) {
      const question = JSON.stringify([query, variables]);
      return live.open(current, question, () => socket.iterate({ query, variables, operationName }));
    }
    const answer = await ask({ ...parameters, operationName }, options);
    // Also what comes in one piece comes as a list of pieces.
    return isAsyncIterable(answer) ? noting(answer) : note(answer);
  };
  return {
    fetcher: fetcher as Fetcher,
    tabs,
    close: () => live.keep([]),
  };
}

/** GraphiQL notices a tab's operation a moment after it shows it: where there is but one, that one is meant. */
function withOperation({ query, operationName }: FetcherParams) {
  try {
    const document = parse(query);
    const operation = getOperationAST(document, operationName) ?? getOperationAST(document);
    const isSubscription = operation?.operation === OperationTypeNode.SUBSCRIPTION;
    return { query, operationName: operation?.name?.value ?? null, isSubscription };
  } catch {
    // The server says what is wrong with it.
    return { query, operationName: operationName ?? null, isSubscription: false };
  }
}

const root = document.getElementById('root');
if (root) {
  applyTheme();
  followServerClock();
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={createQueryClient()}>
        <SpeechProvider>
          <Playground />
        </SpeechProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
