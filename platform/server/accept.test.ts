import { describe, expect, it } from '@jest/globals';
import { answerTypeFor } from './accept.ts';

const json = 'application/json';
const graphql = 'application/graphql-response+json';

describe('the type of a GraphQL answer', () => {
  it.each([
    [undefined, json],
    ['', json],
    [' ', json],
    ['*/*', json],
    ['application/*', json],
    ['APPLICATION/JSON; charset=utf-8', json],
    [`${graphql}, ${json}`, graphql],
    [`${json}, ${graphql}`, json],
    [`${json};q=0.9, ${graphql}`, graphql],
    [`${graphql}, application/graphql+json, ${json}, text/event-stream, multipart/mixed`, graphql],
    [`${graphql}; charset=utf-8, ${json}; charset=utf-8`, graphql],
    ['application/json, text/plain, */*', json],
    ['multipart/mixed;deferSpec=20220824, application/json', json],
    [`${json};q=0, */*`, graphql],
    ['image/png, */*;q=0.1', json],
    ['image/png', undefined],
    ['text/html,application/xhtml+xml', undefined],
    ['text/*', undefined],
    [`${json};q=0`, undefined],
    [`${json};q=0, ${graphql};q=0.000`, undefined],
    ['*/*;q=0', undefined],
    ['json', undefined],
    [',,;;=', undefined],
  ])('for %j is %s', (accept, type) => {
    expect(answerTypeFor(accept)).toBe(type);
  });
});
