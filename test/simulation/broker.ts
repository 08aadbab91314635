import { fromBinaryMode, toBinaryMode, type Envelope } from '../../schema/events/envelope.ts';
import type { EventBus } from '../../platform/messaging/bus.ts';
import { ChainBrokenError, ContractError, UnavailableError } from '../../platform/foundation/errors.ts';
import { createPulled } from '../../platform/foundation/pulled.ts';
import {
  allSubjects,
  eventSubject,
  type Deliveries,
  type Delivery,
  type DurableConsumer,
  type EventStream,
  type Holdings,
  type StoredMessage,
} from '../../platform/messaging/event-stream.ts';
import type { Link } from './network.ts';
import type { Process, Scheduler } from './scheduler.ts';

/** A broker with one stream: it stores each id once within a window, and redelivers what was not acknowledged. */
export interface Broker {
  /** The connection of a process. */
  connect(process: Process, link: Link): BrokerConnection;
  /** The process is gone, and its connection with it. */
  disconnect(process: Process): void;
  /** Every message that it holds. */
  messages(): Message[];
  /** Stores messages that no service has published; false when there is no stream. */
  inject(messages: Omit<Message, 'sequence'>[]): boolean;
  /** Deletes the whole store. */
  wipe(): void;
  /** Loses some messages in the middle. */
  lose(isLost: (message: Message) => boolean): void;
  /** Takes a copy of its store; the returned function restores it. */
  copy(): () => void;
  /** Refuses some of what services publish, until the returned function is called. */
  refuse(isRefused: Refusal): () => void;
  /** Whether it would refuse this event now; without one, whether it refuses any. */
  refuses: Refusal;
  isRefusing(): boolean;
  /** Stops refusing. */
  takeAll(): void;
  /** The longest latency of messages to a consumer, in ms. */
  deliveryMs: number;
}

export interface BrokerConnection {
  bus: EventBus & EventStream & { settled(): Promise<void> };
  /** The connection was lost, and is restored. */
  reconnected(): void;
}

export type Refusal = (message: Pick<Message, 'subject' | 'id'>) => boolean;

export interface Message {
  sequence: number;
  subject: string;
  headers: ReadonlyMap<string, string>;
  payload: string;
  id: string;
  /** When it was stored, in ms since 1970; of one that is only heard, nothing. */
  at?: number;
}

interface Store {
  created: string;
  last: number;
  messages: Map<number, Message>;
  /** Ids, also of messages that were lost since. */
  remembered: Map<string, { sequence: number; at: number }>;
  durables: Map<string, Durable>;
}

interface Durable extends DurableConsumer {
  /** Everything before was delivered at least once. */
  next: number;
  /** Delivered but not acknowledged: when it is redelivered. */
  pending: Map<number, number>;
}

interface Pull {
  durable: string;
  process: Process;
  link: Link;
  push(message: Message): void;
  end(): void;
}

interface Listener {
  process: Process;
  link: Link;
  subject: string;
  hear(message: Message): void;
}

interface Endpoint {
  name: string;
  process: Process;
  link: Link;
  answer(question: unknown): Promise<unknown>;
}

interface BrokerOptions {
  scheduler: Scheduler;
  /** The wall clock of its server. */
  date(): Date;
  prefix: string;
  duplicateWindowMs: number;
  requestTimeoutMs: number;
}

/** A client gives up a pull after two missed heartbeats. */
const silenceMs = 4_000;

class NoStreamError extends UnavailableError {}

export function createBroker({ scheduler, date, prefix, duplicateWindowMs, requestTimeoutMs }: BrokerOptions): Broker {
  const { dice } = scheduler;
  let store: Store | undefined;
  let streamsMade = 0;
  let pulls: Pull[] = [];
  let listeners: Listener[] = [];
  let endpoints: Endpoint[] = [];
  let refusals: Refusal[] = [];

  /** The stream, created if missing. */
  function open(): Store {
    store ??= {
      created: `stream ${(streamsMade += 1)}`,
      last: 0,
      messages: new Map(),
      remembered: new Map(),
      durables: new Map(),
    };
    return store;
  }

  function put(message: Omit<Message, 'sequence'>): { sequence: number; isDuplicate: boolean } {
    hearAll(message);
    if (!store) throw new NoStreamError('There is no stream.');
    const known = store.remembered.get(message.id);
    if (known && scheduler.now - known.at < duplicateWindowMs) return { sequence: known.sequence, isDuplicate: true };
    const sequence = (store.last += 1);
    store.messages.set(sequence, { ...message, sequence, at: date().getTime() });
    store.remembered.set(message.id, { sequence, at: scheduler.now });
    for (const durable of store.durables.values()) pump(durable);
    return { sequence, isDuplicate: false };
  }

  /** A listener gets a message as it comes, or never. */
  function hearAll(message: Omit<Message, 'sequence'>): void {
    for (const { subject, link, hear } of listeners) {
      const isWanted = subject.endsWith('>')
        ? message.subject.startsWith(subject.slice(0, -1))
        : subject === message.subject;
      if (isWanted) link.receive(0.2 + dice.below(300) / 100, () => hear({ ...message, sequence: 0 }));
    }
  }

  const isFor = ({ publishers }: Durable, { subject }: Message) =>
    publishers.some((publisher) => subject.startsWith(`${prefix}.${publisher}.`));

  /** Delivers what is due. */
  function pump(durable: Durable): void {
    const waiting = pulls.filter((pull) => pull.durable === durable.name);
    const [first, ...others] = waiting;
    if (!first || !store || store.durables.get(durable.name) !== durable) return;
    for (const [sequence, dueAt] of durable.pending) {
      const message = store.messages.get(sequence);
      if (!message) durable.pending.delete(sequence);
      else if (dueAt <= scheduler.now) deliver(durable, message, dice.pick([first, ...others]));
    }
    for (; durable.next <= store.last && durable.pending.size < durable.maxAckPending; durable.next += 1) {
      const message = store.messages.get(durable.next);
      if (message && isFor(durable, message)) deliver(durable, message, dice.pick([first, ...others]));
    }
  }

  function deliver(durable: Durable, message: Message, pull: Pull): void {
    defer(durable, message.sequence, durable.ackWaitMs);
    const ms = 0.2 + scheduler.random() * broker.deliveryMs;
    pull.link.receive(ms, () => {
      scheduler.note(`${pull.process.name} receives ${message.id} (${message.sequence})`);
      pull.push(message);
    });
  }

  /** Redelivers the message after this time, unless it is acknowledged before. */
  function defer(durable: Durable, sequence: number, ms: number): void {
    durable.pending.set(sequence, scheduler.now + ms);
    scheduler.after(ms, () => {
      const found = store?.durables.get(durable.name);
      if (found) pump(found);
    });
  }

  function take({ name, ...consumer }: DurableConsumer): void {
    const { durables } = open();
    if (!durables.has(name)) durables.set(name, { name, ...consumer, next: 1, pending: new Map() });
  }

  function deliveriesOf(process: Process, link: Link, durable: string): Deliveries {
    const queue: Message[] = [];
    const { items, wake, end } = createPulled(
      () => {
        const message = queue.shift();
        return message && toDelivery(message, durable, link);
      },
      () => {
        pulls = pulls.filter((one) => one !== pull);
      },
    );
    const pull: Pull = {
      durable,
      process,
      link,
      push(message) {
        queue.push(message);
        wake();
      },
      end,
    };
    pulls.push(pull);
    const found = store?.durables.get(durable);
    if (found) pump(found);
    // The consumer is gone already: the client is not told.
    else scheduler.after(silenceMs, () => pull.end(), process);
    return {
      stop: end,
      [Symbol.asyncIterator]: () => items,
    };
  }

  function toDelivery({ sequence, subject, headers, payload, id }: Message, name: string, link: Link): Delivery {
    const tell = (what: string, effect: (durable: Durable) => void) =>
      link.send(`${what} ${id} (${sequence})`, () => {
        const durable = store?.durables.get(name);
        if (durable?.pending.has(sequence)) effect(durable);
      });
    return {
      subject,
      payload,
      header: (key) => headers.get(key),
      ack: () =>
        tell('acks', (durable) => {
          durable.pending.delete(sequence);
          pump(durable);
        }),
      nak: (delayMs) => tell('naks', (durable) => defer(durable, sequence, delayMs)),
      working: () => tell('works on', (durable) => defer(durable, sequence, durable.ackWaitMs)),
    };
  }

  async function ask(
    process: Process,
    link: Link,
    name: string,
    question: unknown,
    timeoutMs: number,
  ): Promise<unknown> {
    const late = () => new UnavailableError(`${name} does not answer`);
    let answered: (reply: { value: unknown } | { error: Error }) => void = () => undefined;
    const reply = new Promise<{ value: unknown } | { error: Error }>((resolve) => {
      answered = resolve;
    });
    const stop = scheduler.after(timeoutMs, () => answered({ error: late() }), process);
    const text = JSON.stringify(question);
    await link.call(`asks ${name} ${text}`, () => {
      const [first, ...others] = endpoints.filter((endpoint) => endpoint.name === name && endpoint.process.alive);
      if (!first) throw late();
      const endpoint = dice.pick([first, ...others]);
      const respond = (value: { value: unknown } | { error: Error }) =>
        endpoint.link.send(`answers ${name}`, () => link.receive(0.2 + dice.below(300) / 100, () => answered(value)));
      endpoint.link.receive(0.2 + dice.below(300) / 100, () => {
        Promise.resolve()
          .then(() => endpoint.answer(JSON.parse(text)))
          .then(
            (value) => respond({ value: JSON.parse(JSON.stringify(value ?? null)) as unknown }),
            (error: unknown) => respond({ error: error instanceof Error ? error : new Error(String(error)) }),
          );
      });
    });
    const answer = await reply;
    stop();
    if ('value' in answer) return answer.value;
    const message = `${name}: ${answer.error.message}`;
    if (answer.error.name === 'ChainBrokenError') throw new ChainBrokenError(message);
    throw answer.error.name === 'ContractError' ? new ContractError(message) : new UnavailableError(message);
  }

  function connect(process: Process, link: Link): BrokerConnection {
    const lost: (() => void)[] = [];
    const connected: (() => void)[] = [];
    let lastStored: { sequence: number; id: string } | undefined;
    const tellLost = () => {
      for (const listener of lost) listener();
    };
    const wantedOf = (service: string, stream: string | null) => {
      const wanted = stream === null ? `${prefix}.${service}.` : eventSubject(prefix, service, stream);
      return ({ subject }: Message) => (stream === null ? subject.startsWith(wanted) : subject === wanted);
    };
    const endpointName = (service: string, endpoint: string) => `${service}.${endpoint}`;
    const isUp = () => link.state.trouble !== 'refused';

    async function publish(service: string, event: Envelope, id: string) {
      const { headers, payload } = toBinaryMode(event);
      const message = { subject: eventSubject(prefix, service, event.subject), headers: new Map(headers), payload, id };
      try {
        const stored = await link.call(`publishes ${id}`, () => {
          if (broker.refuses({ subject: message.subject, id: event.id })) throw new Error('The broker refuses it.');
          return put(message);
        });
        if (!stored.isDuplicate && stored.sequence > (lastStored?.sequence ?? 0))
          lastStored = { sequence: stored.sequence, id };
        return stored;
      } catch (error) {
        if (error instanceof NoStreamError) tellLost();
        throw error;
      }
    }

    function listen(subject: string, hear: (message: Message) => void): () => void {
      const listener: Listener = { process, link, subject, hear };
      listeners.push(listener);
      return () => {
        listeners = listeners.filter((one) => one !== listener);
      };
    }

    async function openStream(): Promise<Holdings> {
      const { isNew, holdings } = await link.call('looks at the stream', () => {
        const before = store;
        const { created, last, messages } = open();
        const keepsLast = !lastStored || messages.get(lastStored.sequence)?.id === lastStored.id;
        return { isNew: !before, holdings: { created, lastSequence: last, messages: messages.size, keepsLast } };
      });
      if (!holdings.keepsLast) lastStored = undefined;
      if (isNew) tellLost();
      return holdings;
    }

    const bus = {
      subjectPrefix: prefix,
      async publish(service: string, event: Envelope) {
        let stored = await publish(service, event, event.id);
        const isThere = ({ sequence }: { sequence: number }) =>
          link.call(`looks for ${event.id}`, () => store?.messages.has(sequence) ?? false);
        while (stored.isDuplicate && !(await isThere(stored))) {
          stored = await publish(service, event, `${event.id}#${stored.sequence}`);
        }
        return !stored.isDuplicate;
      },
      holdings: openStream,
      countMessages: (service: string, stream?: string) =>
        link.call(`counts ${service} ${stream ?? ''}`, () => {
          const wanted = stream === undefined ? `${prefix}.${service}.` : eventSubject(prefix, service, stream);
          const counts = new Map<string, number>();
          for (const { subject } of store?.messages.values() ?? [])
            if (stream === undefined ? subject.startsWith(wanted) : subject === wanted)
              counts.set(subject, (counts.get(subject) ?? 0) + 1);
          return counts;
        }),
      newestVersion: (service: string, stream: string) =>
        link.call(`newest of ${service} ${stream}`, () => {
          const wanted = eventSubject(prefix, service, stream);
          const messages = Array.from(store?.messages.values() ?? []).filter(({ subject }) => subject === wanted);
          return Number(messages.at(-1)?.headers.get('ce-sequence') ?? 0);
        }),
      versions: (service: string, stream: string) =>
        link.call(`versions of ${service} ${stream}`, () => {
          const wanted = eventSubject(prefix, service, stream);
          const messages = Array.from(store?.messages.values() ?? []).filter(({ subject }) => subject === wanted);
          return new Set(messages.map(({ headers }) => Number(headers.get('ce-sequence'))));
        }),
      nextStored: (service: string, stream: string | null, sequence: number) =>
        link.call(`looks at ${sequence} of ${service} ${stream ?? ''}`, () => {
          const isWanted = wantedOf(service, stream);
          for (let at = Math.max(1, sequence); at <= (store?.last ?? 0); at += 1) {
            const message = store?.messages.get(at);
            if (message && isWanted(message)) return toStored(message);
          }
          return null;
        }),
      lastStored: (service: string) =>
        link.call(`looks at the last of ${service}`, () => {
          const last = Array.from(store?.messages.values() ?? []).findLast(wantedOf(service, null));
          return last ? toStored(last) : null;
        }),
      onLost: (listener: () => void) => void lost.push(listener),
      pending: (name: string) =>
        link.call('counts what is pending', () => {
          const durable = store?.durables.get(name);
          if (!store || !durable) throw new Error('There is no such consumer.');
          const { next, pending } = durable;
          const after = Array.from(store.messages.values()).filter(({ sequence }) => sequence >= next);
          return after.filter((message) => isFor(durable, message)).length + pending.size;
        }),
      async consume(consumer: DurableConsumer) {
        await openStream();
        await link.call('takes up its consumer', () => take(consumer));
        return deliveriesOf(process, link, consumer.name);
      },
      listen(service: string, stream: string | null, listener: (event: Envelope) => void) {
        const subject = stream === null ? allSubjects(prefix, service) : eventSubject(prefix, service, stream);
        return listen(subject, ({ headers, payload }) => {
          let event: Envelope;
          try {
            event = fromBinaryMode((name) => headers.get(name), payload);
          } catch {
            return;
          }
          listener(event);
        });
      },
      serve(service: string, endpoint: string, answer: (question: unknown) => Promise<unknown>) {
        endpoints.push({ name: endpointName(service, endpoint), process, link, answer });
      },
      ask: (service: string, endpoint: string, question: unknown, timeoutMs = requestTimeoutMs) =>
        ask(process, link, endpointName(service, endpoint), question, timeoutMs),
      notify(service: string, topic: string, text: string) {
        const subject = `notice ${endpointName(service, topic)}`;
        const notice = { subject, headers: new Map<string, string>(), payload: text, id: '' };
        link.send(`tells ${topic} ${text}`, () => hearAll(notice));
      },
      onNotice(service: string, topic: string, listener: (text: string) => void) {
        listen(`notice ${endpointName(service, topic)}`, ({ payload }) => listener(payload));
      },
      longestAnswerBytes: () => 1_000_000,
      status: () => (isUp() ? 'ok' : 'not connected'),
      onConnected(listener: () => void) {
        connected.push(listener);
        if (isUp()) listener();
      },
      settled: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    return {
      bus,
      reconnected() {
        // Silent for two heartbeats: the client gives the pull up.
        for (const pull of pulls.filter((one) => one.process === process)) pull.end();
        for (const listener of connected) listener();
      },
    };
  }

  function endPulls(): void {
    for (const pull of pulls) scheduler.after(dice.below(1_000), () => pull.end(), pull.process);
    pulls = [];
  }

  const broker: Broker = {
    deliveryMs: 5,
    refuse(isRefused) {
      refusals.push(isRefused);
      return () => {
        refusals = refusals.filter((one) => one !== isRefused);
      };
    },
    isRefusing: () => refusals.length > 0,
    refuses: (message) => refusals.some((isRefused) => isRefused(message)),
    takeAll() {
      refusals = [];
    },
    connect,
    disconnect(process) {
      pulls = pulls.filter((pull) => pull.process !== process);
      listeners = listeners.filter((listener) => listener.process !== process);
      endpoints = endpoints.filter((endpoint) => endpoint.process !== process);
    },
    messages: () => Array.from(store?.messages.values() ?? []),
    inject(messages) {
      if (store) for (const message of messages) put(message);
      return store !== undefined;
    },
    wipe() {
      store = undefined;
      endPulls();
    },
    lose(isLost) {
      for (const message of store?.messages.values() ?? [])
        if (isLost(message)) store?.messages.delete(message.sequence);
    },
    copy() {
      const kept = store && copyOf(store);
      return () => {
        store = kept && copyOf(kept);
        endPulls();
      };
    },
  };
  return broker;
}

function toStored({ sequence, at = 0, headers, payload }: Message): StoredMessage {
  const storedAt = new Date(at).toISOString();
  try {
    return { sequence, storedAt, event: fromBinaryMode((name) => headers.get(name), payload) };
  } catch {
    return { sequence, storedAt, event: null };
  }
}

function copyOf(store: Store): Store {
  return {
    ...store,
    messages: new Map(store.messages),
    remembered: new Map(store.remembered),
    durables: new Map(
      // As after a restart: unacknowledged messages are redelivered at once.
      Array.from(store.durables, ([name, durable]) => [
        name,
        { ...durable, pending: new Map(Array.from(durable.pending, ([sequence]) => [sequence, 0])) },
      ]),
    ),
  };
}
