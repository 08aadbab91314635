/**
 * Preloaded (`node --import`): reads `.env` if there is one, and says what in it does nothing. Node's own flag prints a
 * notice if there is none, and takes what it does not understand without a word.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { suggestionList } from 'graphql/jsutils/suggestionList.js';

const file = '.env';
/** As in sysexits.h, and as for a wrong setting. */
const configurationError = 78;

const toldBefore = 'TTAREUNGI_ENV_FILE_TOLD';

const text = read();
if (text !== undefined) {
  for (const [name, value] of Object.entries(parseEnv(text))) process.env[name] ??= value;
  // Processes that this one starts are preloaded, too.
  if (process.env[toldBefore] === undefined) for (const line of oddities(text)) console.error(`${file}: ${line}`);
  process.env[toldBefore] = 'yes';
}

function read(): string | undefined {
  if (!lstatSync(file, { throwIfNoEntry: false })) return undefined;
  try {
    // Some editors begin a file with what tells its encoding.
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    console.error(`${file} cannot be read: ${(error as Error).message}. It is a file with a NAME=value in each line.`);
    return process.exit(configurationError);
  }
}

function* oddities(given: string): Generator<string> {
  // A value in quotes may have several lines.
  const plain = given.replace(/=[ \t]*(["'`])[^]*?\1/g, (value) => `=${'\n'.repeat(value.split('\n').length - 1)}`);
  for (const [index, line] of plain.split(/\r?\n/).entries()) {
    if (!/^\s*(#.*|(export\s+)?\w[\w.-]*\s*=.*)?$/.test(line))
      yield `line ${index + 1} is no NAME=value, and is left out.`;
  }
  const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const known = [...example.matchAll(/^#?(\w+)=/gm)].map(([, name = '']) => name);
  for (const name of Object.keys(parseEnv(given))) {
    const [meant] = known.includes(name) ? [] : suggestionList(name, known);
    if (meant !== undefined) yield `${name} is no setting. Is ${meant} meant? .env.example has all of them.`;
  }
}
