export type Language = 'ko' | 'en';

/** The same sentences in every language: `en: typeof ko` makes a key that one lacks a type error. */
export type Words<Sentences> = Record<Language, Sentences>;
