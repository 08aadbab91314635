import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildSchema } from 'graphql';
import type { ApprovalEvent } from '../../schema/events/index.ts';
import { itemLists } from '../../schema/text.ts';
import type { Approval } from '../../subgraphs/approval/approval.ts';
import { chainHash, type JournalDocument } from '../../platform/event-core/journal.ts';
import { eventId, journalId } from '../../platform/foundation/event-id.ts';
import type { Dice } from '../../cli/demo/dice.ts';
import { textFieldsIn } from '../support/text-fields.ts';
import type { Evidence } from '../support/violations.ts';
import type { Cluster } from './cluster.ts';
import { withDatabase } from './database.ts';
import { ask } from './story.ts';

const api = readFileSync(new URL('../../schema/client/generated/api.graphql', import.meta.url), 'utf8');
/** Fields that are always checked: those that depend on other data may be missing. */
const fields = textFieldsIn(buildSchema(api)).filter(
  ({ name, path }) => /^(Query|Mutation)\./.test(name) && !path.some((step) => itemLists.has(step)),
);

/** Half surrogate pairs, control characters, and characters that are invisible or reverse text. */
const unfit = [
  '\ud83d',
  '\udc00',
  '\udc00\ud800',
  '\0',
  '\u001b',
  '\u0085',
  '\u2028',
  '\u202e',
  '\u2066',
  '\ufdd0',
] as const;
/** An answer that the request did not get. */
const away = [undefined, 'SERVICE_UNAVAILABLE', 'TOO_MANY_REQUESTS'];
const insistMs = 10_000;

/** Sends such a text in some argument, repeatedly. Returns wrong answers. */
export async function sendUnfitTexts(cluster: Cluster, forMs: number, dice: Dice): Promise<string[]> {
  const until = performance.now() + forMs;
  const tokens = await Promise.all(
    (['rider', 'admin'] as const).map((role) => cluster.token(`half-text-${role}`, [role])),
  ).catch(() => []);
  const [first = '', ...others] = tokens;
  const wrong: string[] = [];
  while (first !== '' && performance.now() < until) {
    const field = fields[dice.below(fields.length)];
    if (!field) break;
    // Not at an end: some texts are trimmed.
    const place = 1 + dice.below(3);
    const text = `${'bent'.slice(0, place)}${dice.pick(unfit)}${'bent'.slice(place)}`;
    const token = dice.pick([first, ...others]);
    const code = await codeOf(cluster, token, field.query, field.variables(text));
    if (code !== 'BAD_USER_INPUT') wrong.push(`${field.name} with ${JSON.stringify(text)} was answered ${code}`);
    await delay(50);
  }
  return wrong;
}

/** Asks until it is answered; a long outage is another fault's responsibility. */
async function codeOf(cluster: Cluster, token: string, query: string, variables: object): Promise<string> {
  const deadline = performance.now() + insistMs;
  while (performance.now() < deadline) {
    const answer = await ask(cluster, token, query, variables).catch(() => undefined);
    const code = answer?.errors?.[0]?.extensions?.code;
    if (answer && !answer.errors) return JSON.stringify(answer.data ?? null);
    if (!away.includes(code)) return code ?? '';
    await delay(150);
  }
  return 'BAD_USER_INPUT';
}

/**
 * Adds a decision to the journal of approval as older code did, before texts were validated: hashed with half a
 * surrogate pair, stored with U+FFFD, on a stream of its own. It changes no totals.
 */
export async function writeHalfText(cluster: Cluster, dice: Dice): Promise<void> {
  const confirmId = 1_000_000_000 + dice.below(1_000_000_000);
  const stream = `approval-${confirmId}`;
  const because = 'bent card \ud83d';
  const time = new Date();
  const at = time.toISOString();
  const unchained = {
    _id: journalId(stream, 1),
    stream,
    version: 1,
    cause: `key:half-text:${confirmId}`,
    commandHash: 'of the body',
    events: [
      {
        specversion: '1.0',
        id: eventId('approval', stream, 1),
        source: '/ttareungi/approval',
        type: 'PointPurchaseDeclined',
        subject: stream,
        time: at,
        sequence: 1,
        correlationid: 'half-text',
        causationid: 'half-text',
        data: { confirmId, userId: 'half-text', price: 1, because, declinedAt: at },
      } satisfies ApprovalEvent,
    ],
    state: {
      status: 'DECLINED',
      confirmId,
      userId: 'half-text',
      price: 1,
      approveDate: at,
      because,
    } satisfies Approval,
    prevHash: '',
  };
  // Published and not: in the second case a sweep meets it.
  const document = { ...unchained, hash: chainHash(unchained), at: time, published: dice.below(2) === 0 };
  await withDatabase(cluster, 'approval', async (database) => {
    await database.collection<JournalDocument>('journal').insertOne(document);
  });
  cluster.halfWritten.add(stream);
}

/** All but the streams that such text broke: they wait to be repaired, and must block nothing else. */
export function withoutHalfWritten({ halfWritten }: Cluster, evidence: Evidence): Evidence {
  const ids = new Set([...halfWritten].map((stream) => eventId('approval', stream, 1)));
  const approval = evidence.journals.approval.filter(({ stream }) => !halfWritten.has(stream));
  return {
    ...evidence,
    journals: { ...evidence.journals, approval },
    broker: evidence.broker.filter(({ id }) => !ids.has(id)),
  };
}

/** Follows the runbook: recomputes the links, and restarts the service, so that it reads the streams again. */
export async function repairHalfWritten(cluster: Cluster): Promise<string[]> {
  const script = join(import.meta.dirname, '../../subgraphs/repair.ts');
  // The service may run: no decisions are made on these streams, so no instance remembers their heads.
  const child = spawn(process.execPath, [script, 'approval', '--write', '--by', 'faults'], { env: cluster.env });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(child, 'close')) as [number];
  const unseen = [...cluster.halfWritten].filter((stream) => !output.includes(`"${stream}" was broken by text`));
  cluster.halfWritten.clear();
  await Promise.all(cluster.instances.approval.map((instance) => instance.kill()));
  await cluster.heal();
  return code === 0 && unseen.length === 0
    ? []
    : [`the repair ended with ${code} and missed ${unseen.join()}: ${output}`];
}
