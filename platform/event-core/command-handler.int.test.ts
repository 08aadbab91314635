import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createCommandHandler } from './command-handler.ts';
import { ConflictError, UnavailableError } from '../foundation/errors.ts';
import {
  behind,
  createGate,
  createSilentTally,
  createStage,
  mongodbUri,
  originOf,
  tally,
  type Stage,
  type TallyEvent,
} from '../service/testing.ts';
import { until } from '../../test/support/until.ts';

let stage: Stage;
/** Two processes of one service. */
let one: ReturnType<typeof createSilentTally>;
let other: ReturnType<typeof createSilentTally>;

beforeAll(async () => {
  stage = await createStage();
  one = createSilentTally(await stage.runtime('owner'));
  other = createSilentTally(await stage.runtime('owner'));
  await one.journal.createIndexes();
});
afterAll(() => stage.close());

const versionsOf = async (stream: string) =>
  (await one.journal.eventsAfter(stream, 0, 1_000)).map(({ sequence }) => sequence);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('a command handler', () => {
  it('decides 200 commands at once on one stream, from two instances, without a gap', async () => {
    const outcomes = await Promise.all(
      upTo(200).map((number) =>
        (number % 2 ? one : other).handle('busy', { type: 'Add', amounts: [1] }, originOf(`busy ${number}`)),
      ),
    );
    expect(outcomes.every(({ kind }) => kind === 'decided')).toBe(true);
    expect(await versionsOf('busy')).toEqual(upTo(200));
    expect(await one.state('busy')).toEqual({ total: 200, holder: null });
  });

  it('numbers the events of larger decisions without a gap too', async () => {
    await Promise.all(
      upTo(20).map((number) =>
        (number % 2 ? one : other).handle('several', { type: 'Add', amounts: [1, 1, 1] }, originOf()),
      ),
    );
    expect(await versionsOf('several')).toEqual(upTo(60));
    expect(await other.state('several')).toMatchObject({ total: 60 });
  });

  it('has one winner where the rules allow one', async () => {
    const outcomes = await Promise.all(
      upTo(200).map((number) =>
        (number % 2 ? one : other).handle('prize', { type: 'Hold', by: `racer ${number}` }, originOf()),
      ),
    );
    const winners = outcomes.filter(({ kind }) => kind === 'decided');
    expect(winners).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.kind === 'refused' && outcome.refusal.refused === 'HELD')).toHaveLength(
      199,
    );
    // Neither the refused ones nor the losers of the race left a document.
    expect(await versionsOf('prize')).toEqual([1]);
    expect(await one.state('prize')).toEqual({ total: 0, holder: expect.stringMatching(/^racer/) });
  });

  it('answers the same command with the same decision, however often it comes', async () => {
    const outcomes = await Promise.all(
      upTo(50).map((number) =>
        (number % 2 ? one : other).handle('repeated', { type: 'Hold', by: 'me' }, originOf('the same key')),
      ),
    );
    const answers = outcomes.map((outcome) => outcome.kind === 'decided' && outcome.document.hash);
    expect(new Set(answers)).toEqual(new Set([expect.stringMatching(/^[0-9a-f]{64}$/)]));
    expect(outcomes.filter((outcome) => outcome.kind === 'decided' && !outcome.replayed)).toHaveLength(1);
    expect(await versionsOf('repeated')).toEqual([1]);
  });

  it('refuses another body under a key that was used', async () => {
    await one.handle('key', { type: 'Add', amounts: [1] }, originOf('used key'));
    for (const handler of [one, other]) {
      expect(await handler.handle('key', { type: 'Add', amounts: [2] }, originOf('used key'))).toMatchObject({
        kind: 'refused',
        refusal: { refused: 'IDEMPOTENCY_KEY_REUSED' },
      });
    }
    expect(await versionsOf('key')).toEqual([1]);
    expect(
      await one.handle('key', { type: 'Add', amounts: [1] }, { ...originOf('used key'), body: { amounts: [1] } }),
    ).toMatchObject({ kind: 'refused' });
  });

  it('leaves no document of a command that was refused or led to nothing', async () => {
    await one.handle('kept', { type: 'Hold', by: 'me' }, originOf());
    expect(await one.handle('kept', { type: 'Hold', by: 'you' }, originOf('refused'))).toMatchObject({
      kind: 'refused',
      state: { holder: 'me' },
    });
    expect(await one.handle('kept', { type: 'Pass' }, originOf('passed'))).toMatchObject({ kind: 'unchanged' });
    expect(await versionsOf('kept')).toEqual([1]);
    expect(await one.journal.byCause('refused')).toBeNull();
    expect(await one.journal.byCause('passed')).toBeNull();
  });

  it('never refuses by what it remembers: another instance may have decided since', async () => {
    await one.handle('stale', { type: 'Hold', by: 'me' }, originOf());
    await other.handle('stale', { type: 'Release' }, originOf());
    expect(await one.handle('stale', { type: 'Hold', by: 'you' }, originOf())).toMatchObject({ kind: 'decided' });
    expect(await versionsOf('stale')).toEqual([1, 2, 3]);
  });

  it('writes who and what led to an event into it', async () => {
    const origin = { ...originOf('traced'), traceparent: '00-1-2-01' };
    await one.handle('traced', { type: 'Add', amounts: [7] }, origin);
    expect(await one.journal.eventsAfter('traced', 0, 1)).toEqual([
      {
        specversion: '1.0',
        id: 'owner.traced@1',
        source: '/ttareungi/owner',
        type: 'Added',
        subject: 'traced',
        time: expect.any(String),
        sequence: 1,
        correlationid: origin.correlationId,
        causationid: origin.causationId,
        traceparent: '00-1-2-01',
        data: { amount: 7 },
      },
    ]);
  });

  it('gives up after losing to others again and again', async () => {
    const { journal } = one;
    await one.add('contested', 2);
    const behind = await journal.head('contested');
    await one.add('contested', 1);
    const handler = createCommandHandler({
      parse: (envelope) => envelope as TallyEvent,
      service: 'owner',
      decider: tally,
      journal: { ...journal, head: () => Promise.resolve(behind) },
      clock: () => new Date(),
      maxConflicts: 3,
      conflictDelayMs: 0,
      headCacheSize: 10,
      decided: () => Promise.resolve(),
    });
    await expect(handler.handle('contested', { type: 'Release' }, originOf())).rejects.toBeInstanceOf(ConflictError);
    expect(await versionsOf('contested')).toEqual([1, 2, 3]);
  });

  it('never guesses what became of an insert without an answer: the same cause asks again', async () => {
    const gate = stage.keep(await createGate(mongodbUri()));
    const remote = createSilentTally(await stage.runtime('owner', behind(gate)));
    await remote.add('unanswered', 1);
    gate.swallowAnswers();
    const first = remote.handle('unanswered', { type: 'Add', amounts: [5] }, originOf('unanswered'));
    const failure = first.then(
      () => null,
      (error: unknown) => error,
    );
    await until('the insert stands', async () => (await one.journal.byCause('unanswered')) !== null);
    await gate.shut();
    expect(await failure).toBeInstanceOf(UnavailableError);
    await gate.open();
    const again = await remote.handle('unanswered', { type: 'Add', amounts: [5] }, originOf('unanswered'));
    expect(again).toMatchObject({ kind: 'decided', replayed: true, document: { version: 2, state: { total: 6 } } });
    expect(await versionsOf('unanswered')).toEqual([1, 2]);
  });
});
