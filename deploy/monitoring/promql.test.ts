import { describe, expect, it } from '@jest/globals';
import { metricNamesIn } from './promql.ts';

describe('the metrics that an expression reads', () => {
  it.each([
    ['up == 0', ['up']],
    [
      'sum by (service) (rate(a_total{code=~"X|Y", on="b"}[5m])) / sum by (service) (rate(b_total[5m])) > 0.01',
      ['a_total', 'b_total'],
    ],
    ['histogram_quantile(0.99, sum by (service, le) (rate(a_bucket[$__rate_interval]))) > 1e3', ['a_bucket']],
    ['max(abs(a)) > 0 and on (service) b unless c offset 5m', ['a', 'b', 'c']],
    ['sum(a) without (pod) + sum (a)', ['a']],
  ])('%s', (expression, names) => {
    expect(metricNamesIn(expression)).toEqual(names);
  });
});
