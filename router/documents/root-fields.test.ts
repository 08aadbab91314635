import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { unknownRootFields } from './root-fields.ts';

describe('fields that a setting names', () => {
  it('are those of the operations, whatever the schema calls their types', () => {
    const schema = buildSchema(`
      schema { query: Reads, mutation: Writes }
      type Reads { bike: Int }
      type Writes { buyPoints: Int }
      type Query { other: Int }`);
    const named = [
      'Query.bike',
      'Mutation.buyPoints',
      'Mutation.buyPoint',
      'Reads.bike',
      'Query.other',
      'Subscription.a',
    ];
    expect(unknownRootFields(schema, named)).toEqual([
      'Mutation.buyPoint',
      'Reads.bike',
      'Query.other',
      'Subscription.a',
    ]);
  });
});
