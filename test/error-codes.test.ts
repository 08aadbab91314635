import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { routerErrorCodes } from '../router/client-errors.ts';
import { errorCodes } from '../platform/foundation/errors.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

describe('the table of error codes', () => {
  it('in the README has each that a client may get, once', () => {
    const rows = [...read('README.md').matchAll(/^\| (?<codes>(?:`[A-Z_]+`(?:, )?)+) +\|/gm)];
    const said = rows.flatMap(({ groups }) => groups?.['codes']?.replaceAll('`', '').split(', ') ?? []);
    expect(said.toSorted()).toEqual([...new Set([...errorCodes, ...routerErrorCodes])].toSorted());
  });

  it('in the protocol of subscriptions names none that does not exist', () => {
    const [, table = ''] = read('router/subscriptions/PROTOCOL.md').split('| Code in `error`');
    const said = [...table.matchAll(/^\| (?<codes>[A-Z_]+(?:, [A-Z_]+)*) +\|/gm)].flatMap(
      ({ groups }) => groups?.['codes']?.split(', ') ?? [],
    );
    const known: string[] = [...errorCodes, ...routerErrorCodes];
    expect(said).toContain('SLOW_CONSUMER');
    expect(said.filter((code) => !known.includes(code))).toEqual([]);
  });
});
