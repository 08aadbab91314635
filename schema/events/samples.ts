import { readdirSync, readFileSync } from 'node:fs';
import { envelopeSchema, type Envelope } from './envelope.ts';

const folder = new URL('./samples/', import.meta.url);

/** The event types that have a stored sample. */
export function sampledTypes(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** The stored sample of an event type. @throws {Error} when there is none. */
export function sampleOf(type: string): Envelope {
  return envelopeSchema.parse(JSON.parse(readFileSync(new URL(`${type}.json`, folder), 'utf8')));
}
