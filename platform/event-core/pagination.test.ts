import { describe, expect, it } from '@jest/globals';
import { Schema, type Model } from 'mongoose';
import { maxPageSize, paginate, type Order, type PageRequest } from './pagination.ts';
import { otherSpellings } from '../../test/support/spellings.ts';
import { ContractError } from '../foundation/errors.ts';

const order: Order = [
  ['updatedAt', -1],
  ['reserveNo', -1],
];
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Asks for a page; the database must not be asked, there is none. */
const schema = new Schema({ updatedAt: String, reserveNo: Number });
const ask = (page: PageRequest) => paginate({ schema } as unknown as Model<unknown>, {}, order, page);

describe('a page', () => {
  it.each([0, -1, maxPageSize + 1])('of %d is refused before the database is asked', async (first) => {
    await expect(ask({ first })).rejects.toThrow(new ContractError(`"first" must be 1 to 200, not ${first}.`));
  });

  it.each([
    ['no base64', '%%%'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['no list', encode({ updatedAt: 1 })],
    ['of a list with another order', encode([1])],
    ['too long', encode(['2026', 1, 2])],
    ['of other kinds of fields', encode([1, '2026'])],
    ['beyond all numbers', Buffer.from('["2026",1e999]').toString('base64url')],
    ['an operator for the database', encode(['2026', { $gt: 0 }])],
    ['without a place', encode(['2026', null])],
    ['in another spelling of JSON', Buffer.from('["2026", 1]').toString('base64url')],
    ['in another spelling of numbers', Buffer.from('["2026",1.0]').toString('base64url')],
    ...otherSpellings(encode(['2026', 1])).map((each): [string, string] => ['in another spelling', each]),
  ])('after a cursor that is %s is refused before the database is asked', async (_what, after) => {
    await expect(ask({ after })).rejects.toThrow(ContractError);
    await expect(ask({ after })).rejects.toThrow('"after" is not a cursor of this list');
  });

  it('names a wrong cursor no longer than a line', async () => {
    const refusal = await ask({ after: 'x'.repeat(5000) }).catch((error: unknown) => error);
    expect((refusal as Error).message.length).toBeLessThan(130);
  });
});
