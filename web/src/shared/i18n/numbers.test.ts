import { expect, it } from '@jest/globals';
import { counted, formatCount, formatSigned, wholeNumberIn } from './numbers.ts';

it('takes whole numbers however they are typed, and nothing else', () => {
  for (const text of ['1234', ' 1,234 ', '１２３４', '１，２３４', '1 234', '001234'])
    expect(wholeNumberIn(text)).toBe(1234);
  for (const text of ['', ' ', '1.5', '-1', '+1', '1e3', '0x10', '12a', '∞', '1'.repeat(16)]) {
    expect(wholeNumberIn(text)).toBeNull();
  }
});

it('writes figures exactly, also beyond what a number holds', () => {
  expect([0, -1_000, '9223372036854775807'].map(formatCount)).toEqual(['0', '−1,000', '9,223,372,036,854,775,807']);
  expect([0, 1_000, -1_000, '-9223372036854775807'].map(formatSigned)).toEqual([
    '0',
    '+1,000',
    '−1,000',
    '−9,223,372,036,854,775,807',
  ]);
});

it('counts one thing as one', () => {
  expect([0, 1, '1', 2, 1_001].map((count) => counted(count, 'bike'))).toEqual([
    '0 bikes',
    '1 bike',
    '1 bike',
    '2 bikes',
    '1,001 bikes',
  ]);
  expect(counted(2, 'movement of points', 'movements of points')).toBe('2 movements of points');
});
