import './account.css';
import { useState } from 'react';
import { Button as AriaButton } from 'react-aria-components/Button';
import { Dialog, DialogTrigger } from 'react-aria-components/Dialog';
import { Popover } from 'react-aria-components/Popover';
import { Button, Choice } from '../shared/ui/controls.tsx';
import { Icon } from '../shared/ui/icons.tsx';
import { useBackCloses } from '../shared/ui/use-back.ts';
import { SignIn } from '../shared/session/sign-in.tsx';
import type { SessionState } from '../shared/session/use-session.ts';
import { listed } from '../shared/i18n/lists.ts';
import { type Language, useSharedWords, useSpeech } from '../shared/i18n/speech.tsx';
import { themes, useTheme } from './theme.ts';

/** Who is signed in; its menu switches user, language and theme. */
export function Account(state: SessionState) {
  const words = useSharedWords();
  const { session } = state;
  const [isOpen, setOpen] = useState(false);
  useBackCloses(isOpen, () => setOpen(false));
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
      <AriaButton
        className="account-button"
        aria-label={`${session ? session.userId : words.signIn}, ${words.account}`}
      >
        <Icon>
          <circle cx="8" cy="5" r="3" />
          <path d="M2 14.5c.6-3.4 3-5 6-5s5.4 1.6 6 5" />
        </Icon>
        <span className="account-name">{session ? session.userId : words.signIn}</span>
      </AriaButton>
      <Popover className="raised popover" placement="bottom end">
        <Dialog className="dialog account" aria-label={words.account}>
          {({ close }) => <Panel {...state} close={close} />}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function Panel({ config, area, session, notice, signIn, signOut, close }: SessionState & { close: () => void }) {
  const words = useSharedWords();
  const { language } = useSpeech();
  // A provider may have roles of its own besides.
  const nameOf = (role: string) => Object.entries(words.roles).find(([known]) => known === role)?.[1] ?? role;
  return (
    <>
      <Preferences />
      {config && (
        <section>
          <h2>{config.devTokens ? words.signInAs : session ? words.signedIn : words.signIn}</h2>
          {session && (
            <p>
              <strong>{session.userId}</strong>{' '}
              <span className="aside">{listed(session.roles.map(nameOf), language)}</span>
            </p>
          )}
          {!(config.provider && session) && (
            <SignIn
              config={config}
              area={area}
              notice={notice}
              onSignedIn={(next) => {
                signIn(next);
                close();
              }}
            />
          )}
          {session && (
            <Button weight="quiet" onPress={signOut}>
              {words.signOut}
            </Button>
          )}
        </section>
      )}
    </>
  );
}

const languages: { key: Language; label: string; lang: string }[] = [
  { key: 'ko', label: '한국어', lang: 'ko' },
  { key: 'en', label: 'English', lang: 'en' },
];

function Preferences() {
  const words = useSharedWords();
  const { language, speak } = useSpeech();
  const [theme, setTheme] = useTheme();
  return (
    <section>
      <Choice label={words.language} options={languages} chosen={language} onChoose={speak} />
      <Choice
        label={words.theme}
        options={themes.map((key) => ({ key, label: words.themes[key] }))}
        chosen={theme}
        onChoose={setTheme}
      />
    </section>
  );
}
