import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ContractError } from '../foundation/errors.ts';
import {
  answering,
  discardOrder,
  fitting,
  healthQuestion,
  journalQuestion,
  parkedId,
  parkedQuestion,
  redriveOrder,
  streamsQuestion,
} from './questions.ts';

const forms = {
  'journal.read': { form: journalQuestion, good: { stream: 'bike-1', after: 0 } },
  'journal.streams': { form: streamsQuestion, good: { after: '' } },
  'parked.list': { form: parkedQuestion, good: { status: 'parked', after: null, limit: 25 } },
  'parked.get': { form: parkedId, good: { id: 'x#1' } },
  'parked.redrive': { form: redriveOrder, good: { id: 'x#1', key: 'k' } },
  'parked.discard': { form: discardOrder, good: { id: 'x#1', key: 'k', reason: 'made twice' } },
};
const cases = Object.entries(forms).map(([name, { form, good }]) => ({ name, form, good: good }));

/** Whether a question reaches its handler. */
async function isAnswered(form: Parameters<typeof answering>[0], question: unknown): Promise<boolean> {
  try {
    await answering(form, async () => undefined)(question);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(ContractError);
    return false;
  }
}

/** Values that a database would read as an operator, or a program as absent. */
const odd = fc.oneof(
  fc.constantFrom<unknown>({ $gt: '' }, { $ne: null }, { $where: '1' }, [''], ['a', 'b'], -1, 1.5, 1e308, 2 ** 53),
  fc.constantFrom<unknown>(undefined, true, {}, [], 'x'.repeat(20_000), { toString: 'x' }, '2026-13-01'),
  fc.jsonValue(),
);

describe.each(cases)('$name', ({ form, good }) => {
  it('answers a question of its form, and nothing that has more, less or other things in it', async () => {
    expect(await isAnswered(form, good)).toBe(true);
    for (const question of [null, undefined, '', 'x', 0, [], {}, [good]])
      expect(await isAnswered(form, question)).toBe(false);
    for (const extra of ['by', 'roles', '$where', '$or', '__proto__x'])
      expect(await isAnswered(form, { ...good, [extra]: 'x' })).toBe(false);
  });

  it('never hands on a value of another kind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(good), 'authorization'), odd, async (field, value) => {
        const seen = await answering(
          form as never,
          async (question: Record<string, unknown>) => question,
        )({
          ...good,
          [field]: value,
        }).catch(() => null);
        const known = (good as Record<string, unknown>)[field] ?? '';
        if (seen === null || seen[field] === undefined || field === 'after') return;
        expect(typeof seen[field]).toBe(typeof known);
        expect(JSON.stringify(seen).length).toBeLessThan(30_000);
      }),
    );
  });
});

describe('a question', () => {
  it.each([
    ['journal.read', { stream: { $gt: '' }, after: 0 }],
    ['journal.read', { stream: '', after: 0 }],
    ['journal.read', { stream: 'bike-1', after: { $gt: 0 } }],
    ['journal.streams', { after: { $ne: null } }],
    ['journal.streams', { after: null }],
    ['parked.list', { status: { $ne: 'parked' }, after: null, limit: 25 }],
    ['parked.list', { status: 'parked', after: { at: { $gt: '' }, id: '' }, limit: 25 }],
    ['parked.list', { status: 'parked', after: null, limit: 0 }],
    ['parked.list', { status: 'parked', after: null, limit: 1e9 }],
    ['parked.get', { id: { $regex: '' } }],
    ['parked.discard', { id: 'x', key: 'k', reason: '' }],
    ['parked.discard', { id: 'x', key: 'k', reason: 'x'.repeat(2_000) }],
    ['parked.redrive', { id: 'x', key: '', reason: 'x' }],
  ])('%s %j is refused', async (endpoint, question) => {
    expect(await isAnswered(forms[endpoint as keyof typeof forms].form, question)).toBe(false);
  });

  it('after health has nothing in it', async () => {
    expect(await isAnswered(healthQuestion, undefined)).toBe(true);
    expect(await isAnswered(healthQuestion, null)).toBe(true);
    expect(await isAnswered(healthQuestion, {})).toBe(false);
  });
});

describe('an answer', () => {
  it('is as much as fits, and one at least', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 50 })),
        fc.integer({ min: 1, max: 1_000 }),
        (items, bytes) => {
          const some = fitting(items, bytes);
          const size = (list: string[]) =>
            list.reduce((sum, item) => sum + Buffer.byteLength(JSON.stringify(item)) + 1, 0);
          expect(items.slice(0, some.length)).toEqual(some);
          expect(some.length).toBeGreaterThanOrEqual(Math.min(1, items.length));
          expect(some.length <= 1 || size(some) <= bytes).toBe(true);
          if (some.length < items.length) expect(size(items.slice(0, some.length + 1))).toBeGreaterThan(bytes);
        },
      ),
    );
  });
});
