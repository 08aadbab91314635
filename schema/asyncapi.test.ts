import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { describeEvents, writeYaml } from './asyncapi.ts';
import { catalogue, publishers } from './events/index.ts';

const described = describeEvents();

/** Every `$ref` in the document. */
function referencesIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value] : referencesIn(value),
  );
}

function resolve(reference: string): unknown {
  return reference
    .slice('#/'.length)
    .split('/')
    .reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], described);
}

describe('the AsyncAPI document', () => {
  it('has a message for every event, under the channel of its publisher', () => {
    expect(Object.keys(described.components.messages)).toEqual([...catalogue.keys()]);
    for (const [type, { publisher }] of catalogue) {
      expect(described.channels[publisher]?.messages).toHaveProperty(type);
    }
  });

  it('has a channel and a sending operation for every publisher', () => {
    expect(Object.entries(described.channels).map(([name, { address }]) => [name, address])).toEqual(
      Object.keys(publishers).map((publisher) => [publisher, `evt.${publisher}.{stream}`]),
    );
    expect(Object.values(described.operations).map(({ action, channel }) => [action, channel.$ref])).toEqual(
      Object.keys(publishers).map((publisher) => ['send', `#/channels/${publisher}`]),
    );
  });

  it('refers only to what it has', () => {
    const references = referencesIn(described);
    expect(references.length).toBeGreaterThan(catalogue.size);
    expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([]);
  });

  it('says of everything what it is, and allows fields to come', () => {
    for (const { summary, payload } of Object.values(described.components.messages)) {
      expect(summary).toMatch(/\.$/);
      expect(payload.additionalProperties).toBeUndefined();
    }
  });

  it('requires the headers that an event cannot be read without', () => {
    const { required, properties } = described.components.messageTraits.cloudEvent.headers;
    expect(required).toEqual(expect.arrayContaining(['ce-id', 'ce-type', 'ce-source', 'ce-subject', 'ce-sequence']));
    expect(required).not.toContain('ce-traceparent');
    expect(properties).toHaveProperty('ce-traceparent');
  });

  it('is the same in YAML', () => {
    expect(parse(writeYaml())).toEqual(JSON.parse(JSON.stringify(described)));
  });
});
