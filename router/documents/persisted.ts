import { hash as digest } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { GraphQLError } from 'graphql';
import { z } from 'zod';
import { ConfigError, createLruCache, type Logger } from '../../platform/server/index.ts';
import { routerError } from '../client-errors.ts';

/** A document as a client names it: by its text, by its id, or both. */
export interface NamedDocument {
  query?: string | undefined;
  /** `sha256:…` or the bare hash (GraphQL over HTTP, "Persisted Documents"). */
  documentId?: string | undefined;
  /** Apollo's clients give the hash in `persistedQuery.sha256Hash`. */
  extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Documents that are known by their SHA-256: those of a manifest, and those that clients have sent with it. */
export interface PersistedDocuments {
  /** The text; or why it is not known, or not taken. */
  textOf(document: NamedDocument): { query: string } | { errors: readonly GraphQLError[]; status: number };
  /** A document was found valid: it is known from now on if its client gave its hash. */
  learn(document: NamedDocument): void;
}

export interface PersistedOptions {
  /** Texts by their hash. */
  manifest: ReadonlyMap<string, string> | undefined;
  /** What becomes of a text that is not in the manifest: it is taken, taken and logged once, or refused. */
  mode: 'log' | 'allow' | 'only';
  /** Of what clients taught; 0 for none. */
  learnedBytes: number;
  logger?: Pick<Logger, 'warn'>;
}

/** What is logged once is remembered, so that it is not logged at each request. */
const rememberedTexts = 10_000;

export const hashOf = (text: string) => digest('sha256', text);

/** @throws {ConfigError} when the file is no manifest. */
export function readManifest(path: string | undefined): ReadonlyMap<string, string> | undefined {
  if (path === undefined) return undefined;
  try {
    const texts = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(path, 'utf8')));
    const wrong = Object.entries(texts).find(([hash, text]) => hashOf(text) !== hash);
    if (wrong) throw new Error(`${wrong[0]} is not the SHA-256 of its text`);
    return new Map(Object.entries(texts));
  } catch (error) {
    const because = error instanceof z.ZodError ? 'it is none' : error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `PERSISTED_DOCUMENTS: must be a JSON file of documents by their SHA-256, {"<hash>": "query …"}: ${because}.`,
    );
  }
}

export function createPersistedDocuments({
  manifest,
  mode,
  learnedBytes,
  logger,
}: PersistedOptions): PersistedDocuments {
  const learns = learnedBytes > 0 && mode !== 'only';
  const learned = createLruCache<string, string>(learnedBytes, (text) => text.length * 2);
  const logged = createLruCache<string, true>(rememberedTexts);

  function unlisted(hash: string): boolean {
    if (!manifest || mode === 'allow' || manifest.has(hash)) return false;
    if (mode === 'log' && !logged.has(hash)) {
      logged.set(hash, true);
      logger?.warn({ hash }, 'a document is not in the manifest');
    }
    return mode === 'only';
  }

  return {
    textOf(document) {
      const { query } = document;
      const id = idIn(document);
      if (query) {
        const hash = id !== undefined || (manifest && mode !== 'allow') ? hashOf(query) : '';
        if (id !== undefined && id !== hash) {
          return refuse('BAD_REQUEST', 'The id of the document is not the SHA-256 of its text.');
        }
        return unlisted(hash)
          ? refuse('QUERY_NOT_IN_SAFELIST', 'This document is not one of those taken here.', 403)
          : { query };
      }
      if (id === undefined)
        return refuse('BAD_REQUEST', '"query" must be the text of a document, or "documentId" its id.');
      const text = manifest?.get(id) ?? (learns ? learned.get(id) : undefined);
      if (text !== undefined) return { query: text };
      // Apollo's clients read these messages, and expect 200.
      if (!learns && !manifest) return refuse('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported', 200);
      return refuse('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound', 200);
    },
    learn(document) {
      if (!learns || !document.query) return;
      const id = idIn(document);
      if (id !== undefined && !learned.has(id) && !manifest?.has(id)) learned.set(id, document.query);
    },
  };
}

function idIn({ documentId, extensions }: NamedDocument): string | undefined {
  const given = extensions?.['persistedQuery'];
  const hash =
    typeof given === 'object' && given !== null ? (given as Record<string, unknown>)['sha256Hash'] : undefined;
  const id = documentId ?? (typeof hash === 'string' ? hash : undefined);
  return id?.replace(/^sha256:/, '');
}

const refuse = (code: Parameters<typeof routerError>[0], message: string, status = 400) => ({
  errors: [routerError(code, message)],
  status,
});
