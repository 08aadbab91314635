import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createShown } from './shown.ts';
import { createSilentTally, createStage, type Stage, type TallyDocument } from './testing.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.close());

let services = 0;

/** What happens while the journal is asked. */
type Asked = <Found>(read: () => Promise<Found>) => Promise<Found>;

/** A slow view, on a journal with this many decisions. */
async function setUp(decisions: number, published: boolean, asked: Asked = (read) => read()) {
  const service = `owner-${(services += 1)}`;
  const { journal, add } = createSilentTally(await stage.runtime(service), published);
  await add('one', decisions);
  const shown: string[] = [];
  let reads = 0;
  const view = createShown({
    journal: {
      ...journal,
      head: (stream) => ((reads += 1), journal.head(stream)),
      async unpublishedOf(stream) {
        reads += 1;
        return asked(() => journal.unpublishedOf(stream));
      },
    },
    apply: async ({ _id }) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      shown.push(_id);
    },
    cacheSize: 10,
  });
  const decided = async () => (await journal.latest('one', 100)).toReversed() as TallyDocument[];
  return { view, shown, documents: await decided(), decided, add, reads: () => reads };
}

describe('views up to a version', () => {
  it('are waited for while this process writes them, without a question', async () => {
    const { view, shown, documents, reads } = await setUp(3, true);
    const writing = documents.map((document) => view.show(document));
    await view.upTo('one', 3);
    expect(shown).toHaveLength(3);
    await Promise.all(writing);
    await view.upTo('one', 2);
    expect(reads()).toBe(0);
  });

  it('are written where another instance has decided and not shown it yet, once', async () => {
    const { view, shown, reads } = await setUp(3, false);
    await view.upTo('one', 3);
    expect(shown.toSorted()).toEqual(['one@1', 'one@2', 'one@3']);
    const before = reads();
    await view.upTo('one', 3);
    expect(reads()).toBe(before);
  });

  it('are left as they are where all is published, or nothing was ever decided', async () => {
    const { view, shown } = await setUp(2, true);
    await view.upTo('one', 2);
    await view.upTo('one', 99);
    await view.upTo('never', 5);
    expect(shown).toEqual([]);
  });

  it('know of a gap: a newer decision does not stand for an older one', async () => {
    const { view, shown, documents } = await setUp(4, false);
    await view.show(documents[3] as TallyDocument);
    await view.upTo('one', 4);
    expect(new Set(shown)).toEqual(new Set(['one@1', 'one@2', 'one@3', 'one@4']));
  });

  it('are not written again where this process has written them: only what stands before', async () => {
    const { view, shown, documents, reads } = await setUp(4, false);
    for (const document of documents.slice(2)) await view.show(document);
    await view.upTo('one', 4);
    expect(shown.slice(2).toSorted()).toEqual(['one@1', 'one@2']);
    expect([shown.length, reads()]).toEqual([4, 1]);
    await view.upTo('one', 4);
    expect(reads()).toBe(1);
  });

  it('know of a gap that comes while the journal is asked', async () => {
    let meanwhile: Asked = (read) => read();
    const { view, shown, documents, decided, add } = await setUp(2, false, (read) => meanwhile(read));
    await view.show(documents[1] as TallyDocument);
    meanwhile = async (read) => {
      meanwhile = (again) => again();
      const found = await read();
      // Another instance decides the third, this one the fourth.
      await add('one', 2);
      await view.show((await decided())[3] as TallyDocument);
      return found;
    };
    await view.upTo('one', 2);
    expect(shown).toEqual(['one@2', 'one@4', 'one@1']);
    await view.upTo('one', 4);
    expect(shown).toContain('one@3');
  });

  it('are not written again where this process decides while the journal is asked', async () => {
    let meanwhile: Asked = (read) => read();
    const { view, shown, documents, decided, add } = await setUp(2, false, (read) => meanwhile(read));
    await view.show(documents[1] as TallyDocument);
    let writing: Promise<void> | undefined;
    meanwhile = async (read) => {
      await add('one', 1);
      writing = view.show((await decided())[2] as TallyDocument);
      return read();
    };
    await view.upTo('one', 2);
    await writing;
    expect(shown.toSorted()).toEqual(['one@1', 'one@2', 'one@3']);
  });
});
