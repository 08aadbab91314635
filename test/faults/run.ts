import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ParkedList } from '../../platform/messaging/dead-letters/admin.ts';
import { unlinearizable } from '../support/histories.ts';
import { gather, isQuiet, violationsIn, type Evidence } from '../support/invariants.ts';
import { createDice } from '../../cli/demo/dice.ts';
import { consumers, follows } from '../support/violations.ts';
import { withBroker } from './broker.ts';
import type { OpenCharge } from '../../subgraphs/approval/charges.ts';
import { accounted, monotonicReads, payments, traces } from './checks.ts';
import type { Cluster } from './cluster.ts';
import { withDatabase } from './database.ts';
import { repairHalfWritten, withoutHalfWritten } from './half-text.ts';
import { duplicate, injectFaults, limitStream, mayLapse } from './inject.ts';
import { tell, type FaultKind, type Plan } from './plan.ts';
import { liveThrough } from './story.ts';
import type { Attempt, Story } from '../support/seeded-rider.ts';

/** The result of one run. */
export interface RunResult {
  seed: number;
  faults: string[];
  /** Requests; those without an answer that decides them; errors by code. */
  attempts: number;
  unanswered: number;
  errors: Record<string, number>;
  /** Totals of the accepted ones. */
  stories: number;
  checks: number;
  seconds: number;
  /** Ms from the end of the last fault until every saga had its outcome and everything was published and handled. */
  settledMs: number;
  /** How many ms after the rest the dashboard settled; 0 when it was not the last. */
  dashboardMs: number;
  /** Ms that restarts of services took, killed ones until ready. */
  restartsMs: number[];
  /** Most resident memory of a service, in MB. */
  memoryMb: number;
  violations: string[];
  /** For a failure: the faults, and the requests on the affected bikes and riders. */
  story: string[];
  /** And the last errors that services logged. */
  complaints: string[];
}

/** Faults by which the broker loses stored messages, and the clusters that had one. */
const losing: readonly FaultKind[] = ['wipe-broker', 'roll-back-broker', 'flip-bit', 'crash-while-refilling'];
const brokerLost = new WeakSet<Cluster>();

/** Runs a plan on a healthy cluster, heals everything, and checks everything. */
export async function runPlan(cluster: Cluster, plan: Plan, settleWithinMs = 90_000): Promise<RunResult> {
  const startedAt = performance.now();
  const restartsBefore = restartsOf(cluster).length;
  const name = `r${plan.seed}`;
  await cluster.servers.nats.copy();
  if (plan.faults.some(({ kind }) => losing.includes(kind))) brokerLost.add(cluster);
  const violations: string[] = [];
  const [story, found] = await Promise.all([
    liveThrough(cluster, plan, name, settleWithinMs),
    injectFaults(cluster, plan.faults),
  ]);
  await cluster.heal();
  await limitStream(cluster).catch(() => undefined);
  // Also past the broker's window for duplicates.
  if (plan.faults.some(({ kind }) => kind === 'duplicate')) await duplicate(cluster, 200, createDice(plan.seed));
  const settled = await settle(cluster, story, settleWithinMs);
  violations.push(...settled.violations, ...found, ...story.wrong);
  if (cluster.halfWritten.size > 0) {
    violations.push(...(await repairHalfWritten(cluster)));
    violations.push(...(await settle(cluster, story, settleWithinMs)).violations);
  }
  violations.push(...unlinearizable(story, mayLapse(plan.faults)));
  const { attempts } = story;
  return {
    seed: plan.seed,
    faults: plan.faults.map(tell),
    attempts: attempts.length,
    unanswered: attempts.filter(({ answer }) => answer === null).length,
    errors: countBy(attempts.filter(({ error }) => error !== '').map(({ error }) => error)),
    stories: new Set(attempts.filter(({ answer }) => answer && !answer.refused).map(({ key }) => key)).size,
    checks: new Set(attempts.map(({ key }) => key)).size + settled.events,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    settledMs: settled.settledMs,
    dashboardMs: settled.dashboardMs,
    restartsMs: restartsOf(cluster).slice(restartsBefore).map(Math.round),
    memoryMb: Math.round(Math.max(...instancesOf(cluster).map((instance) => instance.memory())) / 2 ** 20),
    violations,
    story: violations.length === 0 ? [] : minimalStory(plan, story, violations),
    complaints: violations.length === 0 ? [] : (await cluster.complaints()).slice(-20),
  };
}

const instancesOf = (cluster: Cluster) => Object.values(cluster.instances).flat();
const restartsOf = (cluster: Cluster) => instancesOf(cluster).flatMap(({ restartsMs }) => restartsMs);

function countBy(codes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

/** A busy machine needs time for a megabyte of poison. */
const askWithinMs = 8_000;

/** Waits until nothing is in progress and no violation is left; returns the remaining violations. */
async function settle(cluster: Cluster, story: Story, settleWithinMs: number) {
  const healedAt = performance.now();
  const deadline = healedAt + settleWithinMs;
  let othersAt = 0;
  for (;;) {
    const discarded = await discardPoison(cluster).catch((error: unknown) => String(error));
    const read = await readAll(cluster).catch(() => undefined);
    const violations = read ? violationsNow(cluster, story, read) : ['the servers could not be read'];
    const now = performance.now();
    if (othersAt === 0 && violations.every(isAboutDashboard)) othersAt = now;
    const quiet = read !== undefined && discarded === 0 && isQuiet(read.evidence, cluster.name);
    if ((quiet && violations.length === 0) || now > deadline) {
      if (!quiet) violations.push(`something still moves; discarded at last: ${discarded}`);
      const events = Object.values(read?.evidence.journals ?? {}).flat().length;
      const dashboardMs = othersAt === 0 ? 0 : Math.round(now - othersAt);
      return { violations, events, settledMs: Math.round(now - healedAt), dashboardMs };
    }
    await delay(200);
  }
}

interface AllThere {
  evidence: Evidence;
  charges: OpenCharge[];
}

async function readAll(cluster: Cluster): Promise<AllThere> {
  const charges = withDatabase(cluster, 'approval', (database) =>
    database.collection<OpenCharge>('charges').find().toArray(),
  );
  const [evidence, rows] = await Promise.all([gather(cluster), charges]);
  return { evidence: withoutHalfWritten(cluster, evidence), charges: rows };
}

const isAboutDashboard = (violation: string) => violation.startsWith('I8') || violation.startsWith('I6 dashboard');

function violationsNow(cluster: Cluster, story: Story, { evidence, charges }: AllThere): string[] {
  const published = Object.values(evidence.journals).every((journal) =>
    journal.every((document) => document.published),
  );
  return [
    ...(published ? [] : ['I6 decisions are not published']),
    ...violationsIn(evidence, cluster.name),
    ...unparked(cluster),
    ...accounted(story, evidence),
    ...payments(cluster.provider, charges, evidence),
    ...traces(evidence),
    ...monotonicReads(story.looks, evidence),
    ...Object.entries(evidence.parked).flatMap(([consumer, subjects]) =>
      [...subjects].map((subject) => `${consumer} parked ${subject}`),
    ),
  ];
}

/** Poison that a consumer skipped; a broker that loses messages loses poison too. */
function unparked(cluster: Cluster): string[] {
  if (brokerLost.has(cluster)) return [];
  return consumers.flatMap((consumer) => {
    const theirs = cluster.poisoned.filter((subject) => {
      return follows[consumer].some((publisher) => subject.startsWith(`${cluster.name}.${publisher}.`));
    });
    const missing = theirs.filter((subject) => !cluster.parkedPoison.has(`${consumer} ${subject}`));
    return missing.map((subject) => `I6 ${consumer} neither handled nor parked ${subject}`);
  });
}

/** Discards the parked poison, as an operator would. Returns how many messages that were. */
async function discardPoison(cluster: Cluster): Promise<number> {
  return withBroker(cluster, async ({ connection }) => {
    let discarded = 0;
    const authorization = `Bearer ${await cluster.token('faults', ['admin'])}`;
    const ask = async (consumer: string, endpoint: string, question: object) => {
      const subject = `${cluster.name}-svc.${consumer}.${endpoint}`;
      const answer = await connection.request(subject, JSON.stringify({ ...question, authorization }), {
        timeout: askWithinMs,
      });
      const { reply, error } = answer.json<{ reply?: unknown; error?: string }>();
      if (error !== undefined) throw new Error(`${consumer} ${endpoint}: ${error}`);
      return reply;
    };
    for (const consumer of consumers) {
      const { rows } = (await ask(consumer, 'parked.list', { status: 'parked', after: null, limit: 25 })) as ParkedList;
      for (const { id, subject } of rows) {
        if (!cluster.poisoned.includes(subject)) continue;
        cluster.parkedPoison.add(`${consumer} ${subject}`);
        await ask(consumer, 'parked.discard', { id, key: randomUUID(), reason: 'poison' });
        discarded += 1;
      }
    }
    return discarded;
  });
}

/** The faults, and the requests on the bikes and riders that the violations name; all requests when they name none. */
function minimalStory(plan: Plan, story: Story, violations: readonly string[]): string[] {
  const text = violations.join('\n');
  const concerns = ({ rider, bikeId, answer, key }: Attempt) =>
    text.includes(rider) ||
    text.includes(key) ||
    new RegExp(`bike[- ]${bikeId}\\b`).test(text) ||
    (answer !== null && answer.number > 0 && new RegExp(`(reservation|row) ${answer.number}\\b`).test(text));
  const chosen = story.attempts.filter(concerns);
  const first = Math.min(...story.attempts.map(({ calledAt }) => calledAt));
  const line = (attempt: Attempt) => {
    const { rider, kind, key, of, bikeId, price, calledAt, answeredAt, answer, error } = attempt;
    const about = of ? `of ${of}` : kind === 'buy' ? String(price) : `bike ${bikeId}`;
    const end = answeredAt === null ? error : `${answer?.outcome ?? ''} ${answer?.number ?? ''}`;
    const until = answeredAt === null ? '' : `–${Math.round(answeredAt - first)}`;
    return `${Math.round(calledAt - first)}${until} ms ${rider} ${kind} (${key}) ${about}: ${end}`;
  };
  return [...plan.faults.map(tell), ...(chosen.length > 0 ? chosen : story.attempts).map(line)];
}
