/**
 * `npm run persisted` writes what our own clients send, by its hash: the router can be told to take these documents by
 * their ids, or no others (PERSISTED_DOCUMENTS); with `--check` it fails when the file is stale.
 */
import { createHash } from 'node:crypto';
import { Kind, print, type DocumentNode } from 'graphql';
import { writeGenerated } from '../generated-file.ts';
import { isMain } from '../is-main.ts';
import * as generated from './generated/graphql.ts';

const file = new URL('./generated/persisted-documents.json', import.meta.url);

/** Texts by their SHA-256, exactly as client.ts sends them. */
export function persistedDocuments(): Record<string, string> {
  const texts = Object.values(generated as unknown as Record<string, DocumentNode>)
    .filter(({ definitions }) => definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION))
    .map((document) => print(document));
  return Object.fromEntries(texts.map((text) => [createHash('sha256').update(text).digest('hex'), text]));
}

if (isMain(import.meta.url)) {
  const check = process.argv.includes('--check');
  writeGenerated(file, `${JSON.stringify(persistedDocuments(), undefined, 2)}\n`, 'npm run persisted', { check });
}
