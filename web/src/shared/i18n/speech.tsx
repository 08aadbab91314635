import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react';
import { deviceMemory, tabMemory } from '../api/memory.ts';
import { steps } from '../ui/steps.ts';
import type { Language, Words } from './language.ts';
import { sharedWords } from './shared.ts';

export type { Language, Words } from './language.ts';

export type SharedWords = (typeof sharedWords)['ko'];

interface Speech {
  language: Language;
  speak(language: Language): void;
}

const SpeechContext = createContext<Speech>({ language: 'ko', speak: () => undefined });
const storageKey = 'ttareungi.language';

const languages: readonly Language[] = ['ko', 'en'];

/**
 * The link's language (`?lang=en`), else the one chosen in this browser, else the first that the browser asks for and
 * we have.
 */
export function rememberedLanguage(): Language {
  const asked = [
    new URLSearchParams(location.search).get('lang'),
    tabMemory.get(storageKey),
    deviceMemory.get(storageKey),
    ...navigator.languages,
  ];
  const spoken = asked.map((tag) => languages.find((language) => tag?.toLowerCase().split(/[-_]/)[0] === language));
  return spoken.find((language) => language !== undefined) ?? 'en';
}

/** The language of a link holds for the tab, whatever address it goes to next. */
function keepLanguageOfLink(): void {
  if (new URLSearchParams(location.search).has('lang')) tabMemory.set(storageKey, rememberedLanguage());
}

/** A choice overrides the language of the link. */
function leaveLanguageOfLink(): void {
  const address = new URL(location.href);
  if (!address.searchParams.has('lang')) return;
  address.searchParams.delete('lang');
  steps.replace(address.href);
}

export function SpeechProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(rememberedLanguage);
  useEffect(keepLanguageOfLink, []);
  useEffect(() => {
    document.documentElement.lang = language;
    // Under this name the app is installed.
    document.querySelector('link[rel="manifest"]')?.setAttribute('href', `/app/manifest.${language}.webmanifest`);
  }, [language]);
  const speech = useMemo(
    () => ({
      language,
      speak(next: Language) {
        tabMemory.forget(storageKey);
        deviceMemory.set(storageKey, next);
        leaveLanguageOfLink();
        setLanguage(next);
      },
    }),
    [language],
  );
  return <SpeechContext value={speech}>{children}</SpeechContext>;
}

export function useSpeech(): Speech {
  return use(SpeechContext);
}

/** The sentences of a part of the site, in the language of the moment. */
export function useWords<Sentences>(words: Words<Sentences>): Sentences {
  return words[useSpeech().language];
}

export function useSharedWords(): SharedWords {
  return useWords(sharedWords);
}
