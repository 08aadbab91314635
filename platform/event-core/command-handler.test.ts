import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EventOf } from '../../schema/events/envelope.ts';
import { createCommandHandler, type Origin } from './command-handler.ts';
import { refuse, type Decider } from './decider.ts';
import { ConflictError, UnavailableError } from '../foundation/errors.ts';
import { chainHash, type Journal, type JournalDocument } from './journal.ts';
import { realTime } from '../foundation/time.ts';

/** A turnstile with a limited number of places. */
type Entered = EventOf<'Entered', { who: string }>;
type State = { inside: string[] };
type Command = { type: 'Enter'; who: string } | { type: 'Look' };
type Document = JournalDocument<State, Entered>;

const places = 2;
const turnstile: Decider<State, Command, Pick<Entered, 'type' | 'data'>, 'FULL'> = {
  initial: { inside: [] },
  decide(command, state) {
    if (command.type === 'Look') return [];
    if (state.inside.length === places) return refuse('FULL', 'No place is left.');
    return [{ type: 'Entered', data: { who: command.who } }];
  },
  evolve: (state, event) => ({ inside: [...state.inside, event.data.who] }),
};

/** The journal's port in memory, with faults between a process and its database. */
let stored: Document[];
let beforeAppend: () => Promise<void> | void;
let afterAppend: () => Promise<void> | void;

const journal: Pick<Journal<State, Entered>, 'head' | 'byCause' | 'append'> = {
  head: async (stream) => stored.findLast((document) => document.stream === stream) ?? null,
  byCause: async (cause) => stored.find((document) => document.cause === cause) ?? null,
  async append(document) {
    await beforeAppend();
    if (stored.some(({ _id, cause }) => _id === document._id || cause === document.cause)) return false;
    stored.push(document);
    await afterAppend();
    return true;
  },
};

const told: Document[] = [];
const waits: number[] = [];
const createInstance = () =>
  createCommandHandler<State, Command, Pick<Entered, 'type' | 'data'>, Entered, 'FULL'>({
    parse: (envelope) => envelope as Entered,
    service: 'door',
    decider: turnstile,
    journal,
    clock: () => new Date('2026-11-23T09:00:00.000Z'),
    maxConflicts: 3,
    conflictDelayMs: 10,
    headCacheSize: 10,
    time: { ...realTime, wait: async (ms) => void waits.push(ms) },
    random: () => 0.5,
    decided: async (document) => void told.push(document),
  });

const enter = (who: string): Command => ({ type: 'Enter', who });
const from = (cause: string): Origin => ({ cause, correlationId: 'story', causationId: 'request' });
const idsOf = (documents: Document[]) => documents.map(({ _id }) => _id);

beforeEach(() => {
  stored = [];
  told.length = 0;
  waits.length = 0;
  beforeAppend = () => undefined;
  afterAppend = () => undefined;
});

it('a stream that was named for the command is not read, and found out when it is there after all', async () => {
  const read: string[] = [];
  const { head } = journal;
  journal.head = async (stream) => {
    read.push(stream);
    return head(stream);
  };
  try {
    expect(await createInstance().handle('gate', enter('anna'), { ...from('first'), opens: true })).toMatchObject({
      kind: 'decided',
      replayed: false,
    });
    expect(read).toEqual([]);
    const late = await createInstance().handle('gate', enter('bert'), { ...from('second'), opens: true });
    expect(late).toMatchObject({ kind: 'decided', document: { version: 2, state: { inside: ['anna', 'bert'] } } });
    const full = await createInstance().handle('gate', enter('carl'), { ...from('third'), opens: true });
    expect(full).toMatchObject({ kind: 'refused', refusal: { refused: 'FULL' } });
  } finally {
    journal.head = head;
  }
});

/** Lets another instance decide between this one's decision and its insert, this many times. */
function loseTo(others: Command[]): void {
  const rival = createInstance();
  const left = [...others];
  let isRival = false;
  beforeAppend = async () => {
    const command = isRival ? undefined : left.shift();
    if (!command) return;
    isRival = true;
    await rival.handle('gate', command, from(`rival ${left.length}`));
    isRival = false;
  };
}

describe('a command', () => {
  it('becomes one document, linked to the one before it, and is told once it stands', async () => {
    const { handle } = createInstance();
    await handle('gate', enter('kim'), from('1'));
    const outcome = await handle('gate', enter('lee'), from('2'));
    expect(outcome).toMatchObject({ kind: 'decided', replayed: false });
    expect(stored[1]).toMatchObject({
      _id: 'gate@2',
      version: 2,
      cause: '2',
      state: { inside: ['kim', 'lee'] },
      prevHash: stored[0]?.hash,
      events: [
        {
          ...{ id: 'door.gate@2', source: '/ttareungi/door', type: 'Entered', subject: 'gate', sequence: 2 },
          ...{ correlationid: 'story', causationid: 'request', data: { who: 'lee' } },
        },
      ],
    });
    expect(stored.map(chainHash)).toEqual(stored.map(({ hash }) => hash));
    expect(told).toEqual(stored);
  });

  it('is decided again after another writer was faster', async () => {
    loseTo([enter('rival')]);
    const outcome = await createInstance().handle('gate', enter('kim'), from('1'));
    expect(outcome).toMatchObject({
      kind: 'decided',
      document: { _id: 'gate@2', state: { inside: ['rival', 'kim'] } },
    });
    expect(idsOf(stored)).toEqual(['gate@1', 'gate@2']);
  });

  it('is refused when the faster writers took what it wanted', async () => {
    loseTo([enter('rival 1'), enter('rival 2')]);
    const outcome = await createInstance().handle('gate', enter('kim'), from('1'));
    expect(outcome).toMatchObject({ kind: 'refused', refusal: { refused: 'FULL' } });
    expect(idsOf(stored)).toEqual(['gate@1', 'gate@2']);
  });

  it('gives up after losing again and again, longer apart each time', async () => {
    let attempts = 0;
    const { handle } = createInstance();
    await handle('gate', enter('kim'), from('0'));
    const [first] = stored;
    beforeAppend = () => {
      attempts += 1;
      const version = stored.length + 1;
      if (first) stored.push({ ...first, _id: `gate@${version}`, version, cause: `rival ${attempts}` });
    };
    await expect(handle('gate', enter('lee'), from('1'))).rejects.toThrow(ConflictError);
    expect(attempts).toBe(4);
    expect(waits).toEqual([5, 10, 15]);
  });

  it('that comes again gets the first answer, and changes nothing', async () => {
    const { handle } = createInstance();
    const first = await handle('gate', enter('kim'), from('1'));
    const again = await handle('gate', enter('kim'), from('1'));
    expect(again).toEqual({ ...first, replayed: true });
    expect(await createInstance().handle('gate', enter('kim'), from('1'))).toEqual(again);
    expect(idsOf(stored)).toEqual(['gate@1']);
    expect(told).toHaveLength(1);
  });

  it('that comes again gets the first answer even where it would be refused by now', async () => {
    const { handle } = createInstance();
    await handle('gate', enter('kim'), from('1'));
    await handle('gate', enter('lee'), from('2'));
    expect(await handle('gate', enter('kim'), from('1'))).toMatchObject({
      kind: 'decided',
      replayed: true,
      document: { _id: 'gate@1' },
    });
  });

  it('with a used key and another body is refused, on another stream too', async () => {
    const { handle } = createInstance();
    await handle('gate', enter('kim'), from('1'));
    for (const stream of ['gate', 'back door']) {
      expect(await handle(stream, enter('lee'), from('1'))).toMatchObject({
        kind: 'refused',
        refusal: { refused: 'IDEMPOTENCY_KEY_REUSED' },
      });
    }
    expect(idsOf(stored)).toEqual(['gate@1']);
  });

  it('with a used key is refused with what its own stream is now, not what another became by that key', async () => {
    const { handle } = createInstance();
    await handle('gate', enter('kim'), from('1'));
    await handle('gate', enter('lee'), from('2'));
    await handle('back door', enter('park'), from('3'));
    const stateOf = async (stream: string) => {
      const outcome = await handle(stream, enter('choi'), from('1'));
      return outcome.kind === 'refused' && [outcome.refusal.refused, outcome.state.inside];
    };
    expect(await stateOf('gate')).toEqual(['IDEMPOTENCY_KEY_REUSED', ['kim', 'lee']]);
    expect(await stateOf('back door')).toEqual(['IDEMPOTENCY_KEY_REUSED', ['park']]);
    expect(await stateOf('side door')).toEqual(['IDEMPOTENCY_KEY_REUSED', []]);
  });

  it('is the same command when its body is, whatever number it was given', async () => {
    const { handle } = createInstance();
    const body = { mutation: 'enter' };
    await handle('gate', enter('first number'), { ...from('1'), body });
    expect(await handle('gate', enter('second number'), { ...from('1'), body })).toMatchObject({ replayed: true });
  });

  it('whose insert ended without an answer is unknown until it comes again, and then it is the first', async () => {
    const { handle } = createInstance();
    await handle('gate', enter('kim'), from('1'));
    afterAppend = () => {
      throw new UnavailableError('No answer.');
    };
    await expect(handle('gate', enter('lee'), from('2'))).rejects.toThrow(UnavailableError);
    expect(told).toHaveLength(1);
    afterAppend = () => undefined;
    expect(await handle('gate', enter('lee'), from('2'))).toMatchObject({
      kind: 'decided',
      replayed: true,
      document: { _id: 'gate@2' },
    });
    expect(idsOf(stored)).toEqual(['gate@1', 'gate@2']);
  });

  it('whose insert never arrived is decided when it comes again', async () => {
    const { handle } = createInstance();
    beforeAppend = () => {
      throw new UnavailableError('No way through.');
    };
    await expect(handle('gate', enter('kim'), from('1'))).rejects.toThrow(UnavailableError);
    beforeAppend = () => undefined;
    expect(await handle('gate', enter('kim'), from('1'))).toMatchObject({ kind: 'decided', replayed: false });
    expect(idsOf(stored)).toEqual(['gate@1']);
  });

  it('is refused only from what the journal says now, never from what is remembered', async () => {
    const { handle } = createInstance();
    await handle('gate', enter('kim'), from('1'));
    await handle('gate', enter('lee'), from('2'));
    // Another instance decided meanwhile: a place is free again.
    stored = stored.map((document) =>
      document._id === 'gate@2' ? { ...document, state: { inside: ['kim'] } } : document,
    );
    expect(await handle('gate', enter('park'), from('3'))).toMatchObject({
      kind: 'decided',
      document: { _id: 'gate@3', state: { inside: ['kim', 'park'] } },
    });
  });

  it('that leads to nothing, or is refused, leaves no document', async () => {
    const { handle } = createInstance();
    expect(await handle('gate', { type: 'Look' }, from('1'))).toEqual({ kind: 'unchanged', state: { inside: [] } });
    await handle('gate', enter('kim'), from('2'));
    await handle('gate', enter('lee'), from('3'));
    expect(await handle('gate', enter('park'), from('4'))).toMatchObject({ kind: 'refused' });
    expect(idsOf(stored)).toEqual(['gate@1', 'gate@2']);
  });

  it('among many at once on one stream waits for its turn instead of losing', async () => {
    const { handle } = createInstance();
    let inserts = 0;
    beforeAppend = () => {
      inserts += 1;
    };
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, number) => handle('gate', enter(`rider ${number}`), from(String(number)))),
    );
    expect(outcomes.filter(({ kind }) => kind === 'decided')).toHaveLength(places);
    // No insert was in vain.
    expect(inserts).toBe(places);
  });
});
