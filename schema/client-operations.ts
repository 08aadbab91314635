import { readdirSync, readFileSync } from 'node:fs';

/** Names of the operations that our own clients send (schema/client/operations). */
export function clientOperations(): ReadonlySet<string> {
  const folder = new URL('./client/operations/', import.meta.url);
  const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
  return new Set(
    texts.flatMap((text) =>
      [...text.matchAll(/^(?:query|mutation|subscription) (\w+)/gm)].map(([, name]) => String(name)),
    ),
  );
}
