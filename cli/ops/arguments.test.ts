import { describe, expect, it } from '@jest/globals';
import { parseInvocation } from './arguments.ts';
import { OpsError } from './ops-error.ts';
import { toFacts, toLine, toSeoulTime, toTable } from './tables.ts';

const commandOf = (...argv: string[]) => parseInvocation(argv, {}).command;

function complaintOf(...argv: string[]): string {
  try {
    parseInvocation(argv, {});
    return 'none';
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return `${error.exitCode}: ${error.message}`;
  }
}

describe('the ops command line', () => {
  it('knows its commands', () => {
    expect(commandOf('services')).toEqual({ name: 'services' });
    expect(commandOf('parked')).toEqual({ name: 'parked', service: null, status: 'PARKED', limit: 50 });
    expect(commandOf('parked', '--service', 'point', '--status', 'discarded', '--limit=3')).toEqual({
      name: 'parked',
      service: 'point',
      status: 'DISCARDED',
      limit: 3,
    });
    expect(commandOf('show', 'point:x#1')).toEqual({ name: 'show', id: 'point:x#1' });
    expect(commandOf('redrive', 'x')).toEqual({ name: 'redrive', id: 'x' });
    expect(commandOf('discard', 'x', '--reason', ' made twice ')).toEqual({
      name: 'discard',
      id: 'x',
      reason: 'made twice',
    });
    expect(commandOf('rebuild')).toEqual({ name: 'rebuild', acceptDifference: false });
    expect(commandOf('rebuild', '--accept-difference')).toEqual({ name: 'rebuild', acceptDifference: true });
    expect(commandOf('import-stations', 'a.csv')).toEqual({ name: 'import-stations', file: 'a.csv', dryRun: false });
    expect(commandOf('import-stations', 'a.csv', '--dry-run')).toMatchObject({ dryRun: true });
    expect(commandOf('move-bikes', 'a.csv', '--reason', ' works ')).toEqual({
      name: 'move-bikes',
      file: 'a.csv',
      dryRun: false,
      reason: 'works',
    });
    expect(complaintOf('move-bikes')).toMatch(/takes one file/);
    expect(complaintOf('import-stations')).toMatch(/takes one file/);
    expect(complaintOf('import-stations', 'a', 'b')).toMatch(/takes one file/);
    expect(commandOf('rebuilds', '--limit', '3')).toEqual({ name: 'rebuilds', limit: 3 });
    for (const argv of [[], ['help'], ['--help'], ['discard', '--help']]) expect(commandOf(...argv).name).toBe('help');
  });

  it('finds the system', () => {
    expect(parseInvocation(['services'], {})).toMatchObject({ url: 'http://127.0.0.1:8088', json: false });
    expect(parseInvocation(['services'], { ROUTER_PORT: '9000' }).url).toBe('http://127.0.0.1:9000');
    const given = parseInvocation(['services', '--url', 'https://bikes.example/graphql', '--json'], {});
    expect(given).toMatchObject({ url: 'https://bikes.example', json: true });
  });

  it.each([
    [['nothing'], 'There is no command "nothing".'],
    [['services', '--reason', 'x'], 'services has no option --reason.'],
    [['services', 'point'], 'services takes no "point".'],
    [['rebuild', 'point'], 'rebuild takes no "point".'],
    [['show', 'a', '--accept-difference'], 'show has no option --accept-difference.'],
    [['show'], 'show needs the id of a parked event'],
    [['show', 'a', 'b'], 'show takes one id.'],
    [['discard', 'a'], 'discard needs --reason'],
    [['discard', 'a', '--reason', ' '], 'discard needs --reason'],
    [['parked', '--status', 'lost'], '--status is "lost". It must be parked, retrying, redriven, discarded.'],
    [['parked', '--limit', '201'], '--limit is "201".'],
    [['parked', '--limit', '1.5'], '--limit is "1.5".'],
    [['services', '--url', 'ftp://x'], '--url is "ftp://x".'],
    [['services', '--what'], "Unknown option '--what'."],
  ])('says what is wrong with %j', (argv, complaint) => {
    expect(complaintOf(...argv)).toContain(`64: ${complaint}`);
    expect(complaintOf(...argv)).toContain('--help');
  });
});

describe('its output', () => {
  it('lines up', () => {
    expect(
      toTable(
        ['A', 'LONG', 'C'],
        [
          ['one', 2, ''],
          ['x', 'three', 'end'],
        ],
      ),
    ).toBe('A    LONG   C\none  2\nx    three  end');
    const facts = toFacts([
      ['id', 'x'],
      ['version', 0],
      ['reason', null],
    ]);
    expect(facts).toBe('id       x\nversion  0');
  });

  it('shows times of Seoul and keeps errors to a line', () => {
    expect(toSeoulTime('2026-11-23T15:04:05.678Z')).toBe('2026-11-24 00:04:05');
    expect(toLine(' a\n  b ', 10)).toBe('a b');
    expect(toLine('0123456789', 5)).toBe('0123…');
  });
});
