import { describe, expect, it } from '@jest/globals';
import { createFreshness, readSeen } from './freshness.ts';

function freshness(isHandled = true) {
  const done: string[] = [];
  const { reach } = createFreshness({
    service: 'point',
    publishers: ['reservation'],
    show: async (stream, version) => void done.push(`shows ${stream} up to ${version}`),
    handled: async (publisher, stream, version) => {
      done.push(`waits for ${publisher} ${stream} ${version}`);
      return isHandled;
    },
    ledTo: async (ids) => ids.map((id) => `point.account-${id.length}@3`),
    late: () => void done.push('is late'),
  });
  return { reach, done };
}

describe('a service that is asked for more', () => {
  it('waits for those it follows, shows its own and what it made of theirs, and leaves out the rest', async () => {
    const { reach, done } = freshness();
    expect(await reach(['reservation.bike-1@7', 'point.account-10@2', 'bike.bike-1@1'])).toEqual([
      'point.account-20@3',
    ]);
    expect(done).toEqual(['waits for reservation bike-1 7', 'shows account-10 up to 2', 'shows account-20 up to 3']);
  });

  it('answers from what it knows when the time is up, and counts that', async () => {
    const { reach, done } = freshness(false);
    await reach(['reservation.bike-1@7']);
    expect(done).toContain('is late');
  });

  it.each<[string, unknown, string[]]>([
    ['none', undefined, []],
    ['null', null, []],
    ['no list', { seen: 'point.account-1@1' }, []],
    ['no ids', { seen: [7, null, {}, 'x', 'point.account-1', '@1', 'point.@1', 'POINT.a@1'] }, []],
    ['one too long', { seen: [`point.${'a'.repeat(2_000)}@1`] }, []],
    ['ids among others', { seen: [[], 'point.account-\uac00 @b@12'] }, ['point.account-\uac00 @b@12']],
  ])('takes what makes sense of extensions: %s', (_name, extensions, expected) => {
    expect(readSeen(extensions)).toEqual(expected);
  });

  it('takes as many as a call has lines', () => {
    const seen = Array.from({ length: 5_000 }, (_, number) => `bike.bike-${number}@1`);
    expect(readSeen({ seen })).toEqual(seen.slice(0, 1_000));
  });
});
