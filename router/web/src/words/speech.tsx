import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react';
import { sharedWords } from './shared.ts';

export type Language = 'ko' | 'en';
/** The same sentences in every language: `en: typeof ko` makes a key that one lacks a type error. */
export type Words<Sentences> = Record<Language, Sentences>;
export type SharedWords = (typeof sharedWords)['ko'];

interface Speech {
  language: Language;
  speak(language: Language): void;
}

const SpeechContext = createContext<Speech>({ language: 'ko', speak: () => undefined });
const storageKey = 'ttareungi.language';

/** Korean, unless this browser chose otherwise; `?lang=en` chooses for a link that is sent to somebody. */
export function rememberedLanguage(): Language {
  const wanted = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(storageKey);
  return wanted === 'en' ? 'en' : 'ko';
}

export function SpeechProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(rememberedLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speech = useMemo(
    () => ({
      language,
      speak(next: Language) {
        localStorage.setItem(storageKey, next);
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

/** `12,345`; a Long beyond what a number holds exactly comes as a string. */
export function formatCount(value: number | string): string {
  return BigInt(value).toLocaleString('en-US');
}
