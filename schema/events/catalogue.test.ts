import { describe, expect, it } from '@jest/globals';
import { fromBinaryMode, toBinaryMode } from './envelope.ts';
import { catalogue, parseEvent, publishers, sourceOf, streams } from './index.ts';
import { sampleOf, sampledTypes } from './samples.ts';

const types = [...catalogue.keys()];

describe('the catalogue', () => {
  it('has one publisher for every type: no name is used twice', () => {
    const names = Object.values(publishers).flatMap(({ events }) => Object.keys(events));
    expect(names.toSorted()).toEqual(types.toSorted());
  });

  it.each(types)('says in words what %s means', (type) => {
    expect(catalogue.get(type)?.data.description).toMatch(/^[A-Z].*\.$/s);
  });

  it('names events by what happened', () => {
    expect(types.filter((type) => !/^([A-Z][a-z]+){2,}$/.test(type))).toEqual([]);
  });
});

describe('an event', () => {
  const sample = sampleOf('PointsDeducted');

  it('of a type that the catalogue does not have is refused by name', () => {
    expect(() => parseEvent({ ...sample, type: 'PointsStolen' })).toThrow(
      'The catalogue has no event type "PointsStolen".',
    );
  });

  it('from another publisher than the catalogue says is refused, with both', () => {
    expect(() => parseEvent({ ...sample, source: sourceOf('bike') })).toThrow(
      '"PointsDeducted" is published by /ttareungi/point, not by /ttareungi/bike.',
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ['amount', { amount: -1 }],
    ['amount', { amount: 0.5 }],
    ['amount', { amount: '1000' }],
    ['balanceAfter', { balanceAfter: -1 }],
    ['reserveNo', { reserveNo: 0 }],
    ['bikeId', { bikeId: undefined }],
    ['userId', { userId: '' }],
    ['userId', { userId: 'x'.repeat(256) }],
    ['at', { at: '2026-11-23' }],
  ])('with a wrong %s is refused by name: %j', (field, wrong) => {
    const data = { ...(sample.data as object), ...wrong };
    expect(() => parseEvent({ ...sample, data })).toThrow(new RegExp(` ${field}: `));
  });

  it.each([null, [], 'text', 7])('whose data is %j is refused', (data) => {
    expect(() => parseEvent({ ...sample, data })).toThrow(/expected object/);
  });

  it('with a field that this version does not know is read without it', () => {
    const data = { ...(sample.data as object), feeInWon: 1000 };
    expect(parseEvent({ ...sample, data })).toEqual(sample);
  });
});

// What was once published stays in journals: a sample may be added, never changed to fit a new schema.
describe('a stored sample', () => {
  it('stands for every type in the catalogue, and for no other', () => {
    expect(sampledTypes()).toEqual(types.toSorted());
  });

  it.each(sampledTypes())('of %s can be read for ever', (type) => {
    const sample = sampleOf(type);
    expect(sample.type).toBe(type);
    expect(parseEvent(sample)).toEqual(sample);
    expect(sample.id).toBe(`${sample.source.split('/').at(-1) ?? ''}.${sample.subject}@${sample.sequence}`);
  });

  it.each(sampledTypes())('of %s survives the broker', (type) => {
    const sample = sampleOf(type);
    const { headers, payload } = toBinaryMode(sample);
    expect(fromBinaryMode((name) => new Map(headers).get(name), payload)).toEqual(sample);
  });
});

describe('a stream', () => {
  it('keeps the name that journals have', () => {
    expect(streams.bike(17)).toBe('bike-17');
    expect(streams.station(102)).toBe('station-102');
    expect(streams.account('김 철수')).toBe('account-김 철수');
    expect(streams.approval(7)).toBe('approval-7');
    expect(streams.refusals('2026-11-23T09:00:00.000Z')).toBe('refusals-2026-11-23');
  });
});
