import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Envelope } from '../../schema/events/envelope.ts';
import { createRepairDesk, type Finding } from './journal-repair.ts';
import { journalId } from '../foundation/event-id.ts';
import { chainHash, createJournal, type Journal, type JournalDocument } from './journal.ts';
import type { Runtime } from '../service/runtime.ts';
import { createStage, type Stage } from '../service/testing.ts';

type Document = JournalDocument;

let stage: Stage;
let runtime: Runtime;
let journal: Journal<unknown, Envelope>;
beforeAll(async () => {
  stage = await createStage();
  // An existing service, for the command.
  runtime = await stage.runtime('bike');
  journal = createJournal(runtime.database);
  await journal.createIndexes();
});
afterAll(() => stage.close());

const collection = () => runtime.database.collection<Document>('journal');
const desk = () => createRepairDesk(runtime.database, () => new Date('2026-11-26T00:00:00Z'));
const findings = async (): Promise<Finding[]> => Array.fromAsync(desk().findings());

/** A stream as it was written before texts were validated: each with a reason, the last one kept in the state. */
async function written(stream: string, reasons: string[], more: Partial<Document> = {}): Promise<Document[]> {
  const documents: Document[] = [];
  for (const [index, reason] of reasons.entries()) {
    const version = index + 1;
    const unchained = {
      _id: journalId(stream, version),
      stream,
      version,
      cause: `key:10:${stream} ${version}`,
      commandHash: 'of the body',
      events: [{ sequence: version, data: { reason } } as Envelope],
      state: { color: reasons[0], version },
      prevHash: documents.at(-1)?.hash ?? '',
      ...more,
    };
    documents.push({ ...unchained, hash: chainHash(unchained), at: new Date(), published: true });
  }
  await collection().insertMany(documents);
  return documents;
}

describe('a journal that text broke', () => {
  const half = '망가짐 \ud83d';

  it('is told from one that is sound, and from one that was tampered with', async () => {
    await written('sound', ['a', 'b \ufffd', 'c']);
    await written('half', ['a', half, 'c', half]);
    await written('kept', [half, 'b', 'c']);
    await written('two', ['\ud83d one', 'two \ud801 and \ufffd']);
    await written('many', ['x \ud83d\ud83d\ud83d']);
    await written('pair', ['x \ud801 y \udc00']);
    await written('changed', [half, 'b']);
    await collection().updateOne({ _id: 'changed@2' }, { $set: { 'state.version': 7 } });
    await written('rewritten', ['a', half]);
    await collection().updateOne({ _id: 'rewritten@2' }, { $set: { 'events.0.data.reason': 'other \ufffd' } });
    await written('cut', [half, 'b', 'c']);
    await collection().deleteOne({ _id: 'cut@2' });
    await written('headless', [half, 'b']);
    await collection().deleteOne({ _id: 'headless@1' });

    const found = (await findings()).map((finding) =>
      finding.kind === 'tampered with'
        ? [finding.stream, finding.because]
        : [finding.stream, ...finding.links.map(({ _id, stood }) => (stood ? `${_id} ${stood.join(' ')}` : _id))],
    );
    expect(found).toEqual([
      ['changed', 'changed@2 was changed.'],
      ['cut', 'cut@3 does not follow what stands before it.'],
      ['half', 'half@2 \\ud83d', 'half@3', 'half@4 \\ud83d'],
      ['headless', 'headless@2 does not follow what stands before it.'],
      ['kept', 'kept@1 \\ud83d \\ud83d', 'kept@2 \\ud83d', 'kept@3 \\ud83d'],
      ['many', `many@1 ${Array.from({ length: 6 }, () => '\\ud83d').join(' ')}`],
      ['pair', 'pair@1 \\ud801 \\udc00 \\ud801 \\udc00'],
      ['rewritten', 'rewritten@2 was changed.'],
      ['two', 'two@1 \\ud83d \\ud83d', 'two@2 \\ud801 \ufffd \\ud83d'],
    ]);
  }, 120_000);

  it('is linked again, once, with a record of who did it; what was tampered with is left alone', async () => {
    const before = await collection().find({ stream: 'changed' }).toArray();
    for (const finding of await findings()) if (finding.kind === 'broken by text') await desk().repair(finding, 'ops');
    expect((await findings()).map(({ stream, kind }) => `${stream} ${kind}`)).toEqual(
      ['changed', 'cut', 'headless', 'rewritten'].map((stream) => `${stream} tampered with`),
    );
    for (const stream of ['half', 'kept', 'many', 'pair', 'two']) {
      expect((await journal.eventsAfter(stream, 0, 100)).length).toBeGreaterThan(0);
    }
    expect(await collection().find({ stream: 'changed' }).toArray()).toEqual(before);
    const [record] = await runtime.database.collection('journal_repairs').find({ stream: 'half' }).toArray();
    expect(record).toMatchObject({ by: 'ops', links: [{ _id: 'half@2', stood: ['\\ud83d'] }, {}, {}] });
  }, 120_000);

  it('is repaired to the end when a repair was cut off in the middle', async () => {
    await written('torn', [half, 'b', 'c']);
    const [finding] = (await findings()).filter(({ stream }) => stream === 'torn');
    if (finding?.kind !== 'broken by text') throw new Error('It must be found.');
    const [first, ...rest] = finding.links;
    if (!first) throw new Error('It has a first document.');
    await expect(desk().repair({ ...finding, links: [first] }, 'ops')).rejects.toThrow('is not whole');
    // The repair resumes from its record.
    await runtime.database
      .collection('journal_repairs')
      .updateOne({ stream: 'torn' }, { $set: { links: [first, ...rest] } });
    for (const again of await findings()) if (again.kind === 'broken by text') await desk().repair(again, 'ops');
    expect(await journal.eventsAfter('torn', 0, 100)).toHaveLength(3);
  });

  it('is shown and repaired by a command', async () => {
    await written('command', ['a', half]);
    const run = async (...options: string[]) => {
      const script = join(import.meta.dirname, '../../subgraphs/repair.ts');
      const child = spawn(process.execPath, [script, ...options], { env: { ...process.env, ...stage.env } });
      let output = '';
      child.stdout.on('data', (text: Buffer) => (output += text.toString()));
      child.stderr.on('data', (text: Buffer) => (output += text.toString()));
      const [code] = (await once(child, 'close')) as [number];
      return { code, output };
    };
    expect(await run('nobody')).toMatchObject({ code: 78, output: expect.stringContaining('Usage') });
    expect(await run('bike', '--write')).toMatchObject({ code: 78, output: expect.stringContaining('--by') });
    const shown = await run('bike');
    expect(shown.output).toContain(
      '"command" was broken by text: 1 document(s) from "command@2" on can be linked again.',
    );
    expect(shown.output).toContain('"changed" was tampered with, and is left alone: changed@2 was changed.');
    expect(shown.code).toBe(1);
    expect((await run('bike', '--write', '--by', 'ops')).output).toContain('0 to repair (--write), 4 tampered with.');
    expect(await journal.eventsAfter('command', 0, 100)).toHaveLength(2);
  }, 120_000);
});
