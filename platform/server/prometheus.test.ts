import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { addReadGauge, type ReadGauge } from './prometheus.ts';

function gauge(options: Partial<ReadGauge> & Pick<ReadGauge, 'read'>) {
  const register = new Registry();
  addReadGauge(register, { name: 'bikes', help: 'Bikes.', timeoutMs: 20, keepMs: 60_000, ...options });
  return async () =>
    (await register.metrics())
      .split('\n')
      .filter((line) => line.startsWith('bikes'))
      .join();
}

describe('a gauge that is read when somebody looks', () => {
  it('tells what it read', async () => {
    expect(await gauge({ read: () => 7 })()).toBe('bikes 7');
  });

  it('is read once for several who look soon after one another', async () => {
    let reads = 0;
    const look = gauge({ read: async () => (reads += 1) });
    expect(await Promise.all([look(), look()])).toEqual(['bikes 1', 'bikes 1']);
    expect(await look()).toBe('bikes 1');
  });

  it('is read again when what it told is old', async () => {
    let reads = 0;
    const look = gauge({ keepMs: 0, read: () => (reads += 1) });
    await look();
    expect(await look()).toBe('bikes 2');
  });

  it('is left out while it cannot be read, rather than told as 0 or as it was', async () => {
    let answers = true;
    const look = gauge({ keepMs: 0, read: () => (answers ? 7 : Promise.reject(new Error('no database'))) });
    await look();
    answers = false;
    expect(await look()).toBe('');
    answers = true;
    expect(await look()).toBe('bikes 7');
  });

  it('is left out when it takes too long, and not asked a second time meanwhile', async () => {
    let reads = 0;
    let answer: (value: number) => void = () => undefined;
    const look = gauge({
      read() {
        reads += 1;
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    });
    expect(await look()).toBe('');
    expect(await look()).toBe('');
    expect(reads).toBe(1);
    answer(7);
    expect(await look()).toBe('bikes 7');
  });
});
