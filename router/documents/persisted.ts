import { hash as digest } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { GraphQLError } from 'graphql';
import { z } from 'zod';
import { ConfigError, createLruCache, type Logger } from '../../platform/server/index.ts';
import { routerError } from '../client-errors.ts';

/** A document as a client names it: by its text, by its id, or both. */
export interface NamedDocument {
  query?: string | undefined;
  /** `sha256:…`, the bare hash, or what a manifest calls it (GraphQL over HTTP, "Persisted Documents"). */
  documentId?: string | undefined;
  /** Apollo's clients give the hash in `persistedQuery.sha256Hash`. */
  extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Documents that are known by their ids: those of a manifest, and those that clients have sent with their SHA-256. */
export interface PersistedDocuments {
  /** The text; or why it is not known, or not taken. */
  textOf(document: NamedDocument): { query: string } | { errors: readonly GraphQLError[]; status: number };
  /** A document was found valid: it is known from now on if its client gave its hash. */
  learn(document: NamedDocument): void;
}

export interface PersistedOptions {
  manifest: Manifest | undefined;
  /** What becomes of a text that is not in the manifest: it is taken, taken and logged once, or refused. */
  mode: 'log' | 'allow' | 'only';
  /** Of what clients taught; 0 for none. */
  learnedBytes: number;
  logger?: Pick<Logger, 'warn'>;
}

/** What is logged once is remembered, so that it is not logged at each request. */
const rememberedTexts = 10_000;

export const hashOf = (text: string) => digest('sha256', text);

/** Texts by their ids. An id is the SHA-256 of its text, unless who wrote the manifest chose others. */
export type Manifest = ReadonlyMap<string, string>;

/** Ours, and what GraphQL Code Generator writes: texts by their ids. */
const textsById = z.record(z.string().min(1), z.string().min(1));

/** What Apollo's tools write ("persisted query manifest"). */
const ofApollo = z
  .object({
    format: z.literal('apollo-persisted-query-manifest'),
    version: z.literal(1),
    operations: z.array(z.object({ id: z.string().min(1), body: z.string().min(1) })),
  })
  .transform(({ operations }) => operations.map(({ id, body }) => [id, body] as const));

const manifestFile = z.union([ofApollo, textsById.transform((texts) => Object.entries(texts))]);

/** @throws {ConfigError} when the file is no manifest. */
export function readManifest(path: string | undefined): Manifest | undefined {
  if (path === undefined) return undefined;
  try {
    const texts = manifestFile
      .parse(JSON.parse(readFileSync(path, 'utf8')))
      .map(([id, text]) => [idOf(id), text] as const);
    const manifest = new Map(texts);
    for (const [id, text] of texts) {
      if (isSha256(id) && hashOf(text) !== id) throw new Error(`${id} is not the SHA-256 of its text`);
      if (manifest.get(id) !== text) throw new Error(`${id} has two texts`);
    }
    return manifest;
  } catch (error) {
    const because = error instanceof z.ZodError ? 'it is none' : error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `PERSISTED_DOCUMENTS: must be a JSON file of documents by their ids, {"<SHA-256>": "query …"} or Apollo’s manifest: ${because}.`,
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
  const listed = manifest && new Set([...manifest.values()].map(hashOf));

  function unlisted(hash: string): boolean {
    if (!listed || mode === 'allow' || listed.has(hash)) return false;
    if (mode === 'log' && !logged.has(hash)) {
      logged.set(hash, true);
      logger?.warn({ hash }, 'a document is not in the manifest');
    }
    return mode === 'only';
  }

  return {
    textOf(document) {
      const { query } = document;
      const named = idIn(document);
      if ('wrong' in named) return refuse('BAD_REQUEST', named.wrong);
      const { id } = named;
      if (query) {
        const hash = id !== undefined || (manifest && mode !== 'allow') ? hashOf(query) : '';
        if (id !== undefined && id !== hash && manifest?.get(id) !== query) {
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
      const named = idIn(document);
      const id = 'id' in named ? named.id : undefined;
      if (id !== undefined && !learned.has(id) && !manifest?.has(id)) learned.set(id, document.query);
    },
  };
}

/** The id that a document is named by, if it is by any; or what is wrong with it. */
function idIn({ documentId, extensions }: NamedDocument): { id: string | undefined } | { wrong: string } {
  const given = extensions?.['persistedQuery'];
  const id = documentId === undefined ? undefined : idOf(documentId);
  if (given === undefined || given === null) return { id };
  const { version, sha256Hash } = (typeof given === 'object' ? given : {}) as Readonly<Record<string, unknown>>;
  // As Apollo says it.
  if (version !== 1) return { wrong: 'Unsupported persisted query version' };
  if (typeof sha256Hash !== 'string') return { wrong: '"sha256Hash" of "persistedQuery" must be a string.' };
  const hash = idOf(sha256Hash);
  if (id !== undefined && id !== hash) return { wrong: '"documentId" and "persistedQuery" name two documents.' };
  return { id: hash };
}

const isSha256 = (id: string) => /^[0-9a-f]{64}$/.test(id);

/** A hash is a number: it may be written in capitals, and with the name of what made it. */
function idOf(given: string): string {
  const hash = given.replace(/^sha256:/, '').toLowerCase();
  return isSha256(hash) ? hash : given.replace(/^sha256:/, '');
}

const refuse = (code: Parameters<typeof routerError>[0], message: string, status = 400) => ({
  errors: [routerError(code, message)],
  status,
});
