import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { changesForReaders, consequences, incompatibilities, type Contracts } from './compatibility.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const current: Contracts = { supergraph: read('./supergraph.graphql'), asyncapi: read('./asyncapi.yaml') };

/** The contracts with one passage changed; the passage must be there. */
function changed(contract: keyof Contracts, from: RegExp, to: string): Contracts {
  const text = current[contract].replace(from, to);
  expect(text).not.toBe(current[contract]);
  return { ...current, [contract]: text };
}

describe('the next version', () => {
  it('may run beside the current one when nothing changed', () => {
    expect(incompatibilities(current, current)).toEqual([]);
  });

  it('may add a field', () => {
    const next = changed('supergraph', /(\n {2}color: String!.*)/, '$1\n  basket: Boolean! @join__field(graph: BIKE)');
    expect(incompatibilities(current, next)).toEqual([]);
  });

  it('may not take a field away: clients ask for it', () => {
    const previous = changed(
      'supergraph',
      /(\n {2}color: String!.*)/,
      '$1\n  basket: Boolean! @join__field(graph: BIKE)',
    );
    expect(incompatibilities(previous, current)).toEqual([
      'API: Bike.basket was removed.',
      'subgraph bike: Bike.basket was removed.',
    ]);
  });

  it('may not move a field to another subgraph: routers still ask the old one', () => {
    const field = (graph: string) => `$1\n  basket: Boolean! @join__field(graph: ${graph})`;
    const previous = changed('supergraph', /(\n {2}color: String!.*)/, field('BIKE'));
    const next = changed('supergraph', /(\n {2}color: String!.*)/, field('RESERVATION'));
    expect(incompatibilities(previous, next)).toEqual(['subgraph bike: Bike.basket was removed.']);
  });

  it('may not ask for an argument that clients do not know', () => {
    const next = changed('supergraph', /input RegisterBikeInput\s[^{]*\{/, '$&\n  basket: Boolean!');
    expect(incompatibilities(current, next)).toContain(
      'API: A required field basket on input type RegisterBikeInput was added.',
    );
  });

  it('may not forget an event: journals hold it', () => {
    const next = changed('asyncapi', /\n {4}RideStarted:\n {6}name[^]*?(\n {4}BikeReturned:)/, '$1');
    expect(incompatibilities(current, next)).toEqual(['event RideStarted: was removed, and journals hold it.']);
  });

  it('may add an event, but says that the old version parks it', () => {
    const previous = changed('asyncapi', /\n {4}RideStarted:\n {6}name[^]*?(\n {4}BikeReturned:)/, '$1');
    expect(incompatibilities(previous, current)).toEqual([]);
    expect(consequences(previous, current)).toEqual([expect.stringMatching(/^event RideStarted: is new\. .*park it/)]);
    expect(consequences(current, current)).toEqual([]);
    expect(consequences(current, previous)).toEqual([]);
  });

  it('may add what an event says, as long as it is optional', () => {
    const next = changed('asyncapi', /( {10})color:\n/, '$1basket:\n$1  type: boolean\n$&');
    expect(incompatibilities(current, next)).toEqual([]);
  });

  it('is compared by what a field may be, not by how that is written', () => {
    const field = (kind: string) => changed('asyncapi', /( {10})color:\n/, `$1basket:\n$1  ${kind}\n$&`).asyncapi;
    const texts = ['type: [string, "null"]', 'type: ["null", string]'];
    for (const kind of [
      ...texts,
      'anyOf: [{ type: string }, { type: "null" }]',
      'type: [string, "null"]\n$1  enum: [a, null]',
    ]) {
      expect(changesForReaders(field(kind), field(kind))).toEqual([]);
      expect(changesForReaders(current.asyncapi, field(kind))).toEqual([]);
    }
    for (const one of texts) {
      for (const other of texts) expect(changesForReaders(field(one), field(other))).toEqual([]);
      expect(changesForReaders(field(one), field('type: string'))).toHaveLength(1);
    }
  });

  it.each([
    ['need more of an event than was written', /( {10})- color\n/, '$&$1- basket\n', /basket became required/],
    ['leave out what readers need', /( {10})- color\n/, '', /color is no longer always there/],
    ['write a word that readers do not know', /( {14})- LOST\n/, '$&$1- STOLEN\n', /condition may be STOLEN/],
    ['forget a word that was written', / {14}- LOST\n/, '', /condition may no longer be LOST/],
    ['change the kind of a field', /(bikeId:\n\s+type: )integer/, '$1string', /bikeId changed from integer to string/],
  ])('may not %s', (_what, from, to, expected) => {
    const found = incompatibilities(current, changed('asyncapi', from, to));
    expect(found).toEqual([expect.stringMatching(expected)]);
    expect(found).toEqual([expect.stringMatching(/^event BikeRegistered: /)]);
  });
});
