import '../shared/ui/tokens.css';
import '../shared/ui/base.css';
import '../shared/ui/looks.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { followLinks } from './paths.ts';
import { Shell } from './shell.tsx';
import { applyTheme } from './theme.ts';
import { createQueryClient } from '../shared/api/answer.ts';
import { followServerClock } from '../shared/i18n/server-clock.ts';
import { SpeechProvider } from '../shared/i18n/speech.tsx';
import { steps } from '../shared/ui/steps.ts';

const root = document.getElementById('root');
if (root) {
  steps.follow();
  applyTheme();
  followLinks();
  followServerClock();
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={createQueryClient()}>
        <SpeechProvider>
          <Shell />
        </SpeechProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
