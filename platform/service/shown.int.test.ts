import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createShown } from './shown.ts';
import { createSilentTally, createStage, type Stage, type TallyDocument } from './testing.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.close());

/** A slow view, on a journal with this many decisions. */
async function setUp(decisions: number, published: boolean) {
  const { journal, add } = createSilentTally(await stage.runtime(`owner-${decisions}-${published}`), published);
  await add('one', decisions);
  const shown: string[] = [];
  let reads = 0;
  const view = createShown({
    journal: {
      ...journal,
      head: (stream) => ((reads += 1), journal.head(stream)),
      unpublishedOf: (stream) => ((reads += 1), journal.unpublishedOf(stream)),
    },
    apply: async ({ _id }) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      shown.push(_id);
    },
    cacheSize: 10,
  });
  const documents = (await journal.latest('one', 100)).toReversed() as TallyDocument[];
  return { view, shown, documents, reads: () => reads };
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
});
