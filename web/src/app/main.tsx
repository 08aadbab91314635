import './design/tokens.css';
import './design/base.css';
import './design/controls.css';
import './shell/shell.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { followLinks } from './shell/pages.ts';
import { Shell } from './shell/shell.tsx';
import { applyTheme } from './shell/theme.ts';
import { followServerClock } from './words/server-clock.ts';
import { SpeechProvider } from './words/speech.tsx';

const root = document.getElementById('root');
if (root) {
  applyTheme();
  followLinks();
  followServerClock();
  createRoot(root).render(
    <StrictMode>
      <SpeechProvider>
        <Shell />
      </SpeechProvider>
    </StrictMode>,
  );
}
