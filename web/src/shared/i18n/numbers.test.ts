import { expect, it } from '@jest/globals';
import { wholeNumberIn } from './numbers.ts';

it('takes whole numbers however they are typed, and nothing else', () => {
  for (const text of ['1234', ' 1,234 ', '１２３４', '１，２３４', '1 234', '001234'])
    expect(wholeNumberIn(text)).toBe(1234);
  for (const text of ['', ' ', '1.5', '-1', '+1', '1e3', '0x10', '12a', '∞', '1'.repeat(16)]) {
    expect(wholeNumberIn(text)).toBeNull();
  }
});
