import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const preloaded = join(import.meta.dirname, 'env-file.ts');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'env-file-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Starts a process in the folder. */
function start(env: NodeJS.ProcessEnv = {}): Promise<{ code: number; told: string; fee: string }> {
  return new Promise((resolve) => {
    const args = ['--import', preloaded, '--eval', "process.stdout.write(process.env.RESERVATION_FEE ?? 'none')"];
    execFile(process.execPath, args, { cwd: directory, env }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), told: stderr, fee: stdout });
    });
  });
}

describe('a file .env', () => {
  it('that is not there is no matter', async () => {
    expect(await start()).toEqual({ code: 0, told: '', fee: 'none' });
  });

  it.each([
    ['what it sets', 'RESERVATION_FEE=5\n', '', '5'],
    ['a comment, a blank line and an empty value', '# hello\n\n  \r\nHOST=\nRESERVATION_FEE=6 # points\n', '', '6'],
    ['lines as Windows ends them', '# hello\r\nHOST=\r\nRESERVATION_FEE=5\r\n', '', '5'],
    ['the mark of its encoding', '\ufeffRESERVATION_FEE=5\n', '', '5'],
    ['a value of several lines', "DEV_TOKEN_PRIVATE_KEY='{\n  no setting\n}'\nexport RESERVATION_FEE=7\n", '', '7'],
    ['a name that is nothing to us', 'ZZZZZZZZZZ=1\n', '', 'none'],
    [
      'a name that is nearly one of ours',
      'RESERVATON_FEE=5\n',
      'RESERVATON_FEE is no setting. Is RESERVATION_FEE meant?',
      'none',
    ],
    ['a line without a value', '\nRESERVATION_FEE 9000\n', 'line 2 is no NAME=value', 'none'],
  ])('is read, and does not hide %s', async (_what, text, told, fee) => {
    writeFileSync(join(directory, '.env'), text);
    const seen = await start();
    expect({ code: seen.code, fee: seen.fee }).toEqual({ code: 0, fee });
    if (told === '') expect(seen.told).toBe('');
    else expect(seen.told).toContain(`.env: ${told}`);
  });

  it('in UTF-16 is told of', async () => {
    writeFileSync(join(directory, '.env'), Buffer.from('\ufeffRESERVATION_FEE=5\n', 'utf16le'));
    expect((await start()).told).toContain('.env: line 1 is no NAME=value');
  });

  it('is told of once, though a process that it starts reads it too', async () => {
    writeFileSync(join(directory, '.env'), 'RESERVATON_FEE=5\n');
    expect((await start({ TTAREUNGI_ENV_FILE_TOLD: 'yes' })).told).toBe('');
  });

  it('gives way to the environment', async () => {
    writeFileSync(join(directory, '.env'), 'RESERVATION_FEE=5\n');
    expect((await start({ RESERVATION_FEE: '8' })).fee).toBe('8');
  });

  it.each([
    ['a folder', (at: string) => mkdirSync(at)],
    ['a link to nowhere', (at: string) => symlinkSync('nowhere', at)],
  ])('that is %s ends the start, in one line', async (_what, make) => {
    make(join(directory, '.env'));
    const { code, told } = await start();
    expect(code).toBe(78);
    expect(told).toMatch(/^\.env cannot be read: .*\n$/);
  });
});
