/**
 * A sum of points over everything: a number while that is exact (up to 2⁵³ − 1), its digits beyond. No amount in an
 * event can make it inexact, or make an answer with it fail.
 */
export type Sum = number | string;

export function add(sum: Sum, amount: Sum): Sum {
  return toSum(BigInt(sum) + BigInt(amount));
}

export function subtract(sum: Sum, amount: Sum): Sum {
  return toSum(BigInt(sum) - BigInt(amount));
}

function toSum(exact: bigint): Sum {
  const number = Number(exact);
  return Number.isSafeInteger(number) ? number : String(exact);
}
