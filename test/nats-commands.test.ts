import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { brokerUsers, watcher } from '../deploy/broker/users.ts';

const root = join(import.meta.dirname, '..');

/** What a command publishes, by the words after its name; undefined for one that only listens, or asks nothing. */
const subjectsOf: Record<string, (words: string[]) => string | undefined> = {
  context: () => undefined,
  sub: () => undefined,
  req: ([subject]) => subject,
  'stream info': ([stream]) => `$JS.API.STREAM.INFO.${stream}`,
  'stream subjects': ([stream]) => `$JS.API.STREAM.INFO.${stream}`,
  'stream get': ([stream]) => `$JS.API.STREAM.MSG.GET.${stream}`,
  'consumer ls': ([stream]) => `$JS.API.CONSUMER.LIST.${stream}`,
  'consumer info': ([stream, consumer]) => `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
};

/** Those of code blocks, which are there to be typed; a sentence may say who may give another. */
const commands = globSync('docs/**/*.md', { cwd: root }).flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^nats ([a-z].*?)(?= {2,}|$)/gm)].map(([, command = '']) => ({
    page,
    command,
  })),
);

const mayAsk = brokerUsers({ stream: 'EVENTS', prefix: 'evt' }).find(({ name }) => name === watcher)?.publish ?? [];

function isAllowed(subject: string): boolean {
  const words = subject.split('.');
  return mayAsk.some((allowed) => {
    const pattern = allowed.split('.');
    const fits = pattern.every((word, place) => word === '>' || word === '*' || word === words[place]);
    return fits && (pattern.at(-1) === '>' || pattern.length === words.length);
  });
}

describe('a nats command in a code block of the documents', () => {
  it('is one of those that the user for people may give', () => {
    expect(commands.length).toBeGreaterThan(10);
    const refused = commands.filter(({ command }) => {
      const [verb = '', noun = '', ...words] = command.split(' ');
      const known = subjectsOf[`${verb} ${noun}`] ?? subjectsOf[verb];
      if (!known) return true;
      const subject = known(subjectsOf[verb] ? [noun, ...words] : words);
      return subject !== undefined && !isAllowed(subject);
    });
    expect(refused).toEqual([]);
  });
});
