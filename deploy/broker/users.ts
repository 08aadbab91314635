import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import { publishers } from '../../schema/events/index.ts';
import { subgraphNames, subgraphs, type SubgraphName } from '../../schema/subgraphs.ts';

/**
 * Permissions at the broker: one user for each subgraph, and `watcher` for people, which can only read. The broker's
 * settings are generated from this list, here and in every cluster (`node deploy/broker/main.ts`).
 *
 * A subgraph publishes only its own events, has its own consumer, asks the questions it needs and answers those it is
 * asked. Every subgraph may read every event, because events are facts for all. No user may change or delete what is in
 * the stream.
 */
export interface BrokerUser {
  name: string;
  publish: string[];
  subscribe: string[];
  /** May answer requests, on their reply subject. */
  answers: boolean;
}

export interface BrokerNames {
  /** EVENT_STREAM */
  stream: string;
  /** EVENT_SUBJECT_PREFIX */
  prefix: string;
}

export const watcher = 'watcher';
export const brokerUserNames: readonly string[] = [...subgraphNames, watcher];

/** Prefix of the user's reply subjects: other users can neither read nor forge its answers. */
export const inboxOf = (user: string) => `_INBOX_${user}`;

const isPublisher = (name: string): boolean => name in publishers;

/** What the dashboard asks every service in the name of operators. */
const operatorsQuestions = ['health', 'parked.list', 'parked.get', 'parked.redrive', 'parked.discard'];

/** Further questions that a subgraph asks. */
const ownQuestions: Partial<Record<SubgraphName, string[]>> = {
  reservation: ['point.account.standing', 'point.tariff', 'station.states', 'station.near'],
  // What open data tells of prices.
  dashboard: ['point.tariff', 'reservation.tariff'],
};

/** Notices between the instances of one subgraph. */
const notices: Partial<Record<SubgraphName, string[]>> = { dashboard: ['dashboard.feed'] };

function questionsOf(name: SubgraphName): string[] {
  const follows: readonly string[] = subgraphs[name].follows;
  const missing = follows.map((publisher) => `${publisher}.journal.read`);
  const own = [...missing, ...(ownQuestions[name] ?? [])];
  if (name !== 'dashboard') return own;
  const rebuild = follows.map((publisher) => `${publisher}.journal.streams`);
  const operators = subgraphNames.flatMap((service) => operatorsQuestions.map((question) => `${service}.${question}`));
  return [...own, ...rebuild, ...operators];
}

function noticesOf(name: SubgraphName): string[] {
  return [...(subgraphs[name].follows.length > 0 ? [`${name}.hurry`] : []), ...(notices[name] ?? [])];
}

function subgraphUser(name: SubgraphName, { stream, prefix }: BrokerNames): BrokerUser {
  const consumer = [
    `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${name}`,
    `$JS.API.CONSUMER.INFO.${stream}.${name}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
    `$JS.ACK.${stream}.${name}.>`,
  ];
  return {
    name,
    publish: [
      ...(isPublisher(name) ? [`${prefix}.${name}.>`] : []),
      // The first service that finds the stream missing creates it; CREATE does not change an existing one.
      `$JS.API.STREAM.CREATE.${stream}`,
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.API.STREAM.MSG.GET.${stream}`,
      ...(subgraphs[name].follows.length > 0 ? consumer : []),
      ...[...questionsOf(name), ...noticesOf(name)].map((topic) => `${prefix}-svc.${topic}`),
    ],
    subscribe: [
      `${inboxOf(name)}.>`,
      `${prefix}.>`,
      `${prefix}-svc.${name}.>`,
      ...['PING', 'INFO', 'STATS'].flatMap((verb) => [
        `$SRV.${verb}`,
        `$SRV.${verb}.${name}`,
        `$SRV.${verb}.${name}.*`,
      ]),
    ],
    answers: true,
  };
}

/**
 * For `nats sub`, `nats stream info`, `nats micro ls` and looking into journals, with `--inbox-prefix _INBOX_watcher`.
 */
function watcherUser({ stream, prefix }: BrokerNames): BrokerUser {
  return {
    name: watcher,
    publish: [
      '$JS.API.INFO',
      '$JS.API.STREAM.NAMES',
      '$JS.API.STREAM.LIST',
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.API.STREAM.MSG.GET.${stream}`,
      `$JS.API.CONSUMER.NAMES.${stream}`,
      `$JS.API.CONSUMER.LIST.${stream}`,
      `$JS.API.CONSUMER.INFO.${stream}.*`,
      '$SRV.>',
      ...subgraphNames.flatMap((name) =>
        ['health', 'journal.read'].map((question) => `${prefix}-svc.${name}.${question}`),
      ),
    ],
    subscribe: [`${inboxOf(watcher)}.>`, `${prefix}.>`],
    answers: false,
  };
}

export function brokerUsers(names: BrokerNames): BrokerUser[] {
  return [...subgraphNames.map((name) => subgraphUser(name, names)), watcherUser(names)];
}

/** In the manner of `<NAME>_MONGODB_URI`. */
export const passwordSetting = (user: string) => `${user.toUpperCase()}_NATS_PASSWORD`;

/**
 * The `authorization` of a nats-server's settings file. It rejects connections without a user.
 * @param passwordOf as it stands in the file: a text in quotes, or `$VARIABLE`.
 */
export function brokerAuthorization(names: BrokerNames, passwordOf: (user: string) => string): string {
  const list = (subjects: string[]) => subjects.map((subject) => `          ${JSON.stringify(subject)}`).join('\n');
  const users = brokerUsers(names).map(
    ({ name, publish, subscribe, answers }) => `    {
      user: ${name}
      password: ${passwordOf(name)}
      permissions: {
        publish: { allow: [
${list(publish)}
        ] }
        subscribe: { allow: [
${list(subscribe)}
        ] }${answers ? '\n        allow_responses: { max: 1, expires: "30s" }' : ''}
      }
    }`,
  );
  return `authorization {\n  users: [\n${users.join('\n')}\n  ]\n}\n`;
}

/** Passwords by user. */
export type BrokerPasswords = Record<string, string>;

/** Begins with a letter, so that a settings file always reads it as a string. */
export const newPassword = () => `p${randomBytes(24).toString('base64url')}`;

export const newBrokerPasswords = (): BrokerPasswords =>
  Object.fromEntries(brokerUserNames.map((user) => [user, newPassword()]));

/** Those kept in a file that only its owner may read, made at the first call. */
export async function keptBrokerPasswords(file: string): Promise<BrokerPasswords> {
  // Missing, or truncated by a crash: make new ones in both cases, because the broker starts after this.
  const kept = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as BrokerPasswords)
    .catch(() => ({}));
  if (brokerUserNames.every((user) => user in kept)) return kept;
  const passwords = { ...newBrokerPasswords(), ...kept };
  makeFolder(dirname(file));
  await writeFile(file, JSON.stringify(passwords, null, 2), { mode: 0o600 });
  return passwords;
}

/** What the subgraphs of one process need to sign in, each as itself. */
export function brokerEnvironment(passwords: BrokerPasswords): NodeJS.ProcessEnv {
  return Object.fromEntries(
    subgraphNames.flatMap((name) => [
      [`${name.toUpperCase()}_NATS_USERNAME`, name],
      [passwordSetting(name), passwords[name]],
    ]),
  );
}
