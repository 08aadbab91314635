import { setTimeout as delay } from 'node:timers/promises';
import { DashboardDocument, DashboardUpdatedDocument } from '../../schema/client/generated/graphql.ts';
import type { Client } from '../../schema/client/client.ts';
import { until } from '../support/until.ts';

/** A dashboard that stays open: like the page, it resumes from its last cursor whenever its connection ends. */
export interface Subscriber {
  /** Events as they came: cursor and type. */
  readonly events: readonly string[];
  /** How often it had to connect again. */
  readonly reconnections: number;
  /** Waits for this many more events, then leaves. */
  stop(): void;
}

/** How often it connects again is counted here. */
const byHand = { resume: false };

const label = ({ cursor, eventType }: { cursor: string; eventType: string }) => `${cursor} ${eventType}`;

export async function cursorOf(client: Client): Promise<string> {
  return (await client.request(DashboardDocument, { first: 1, minutes: 1 })).dashboard.cursor;
}

export function openSubscriber(client: Client, from: string): Subscriber {
  const events: string[] = [];
  let after = from;
  let reconnections = 0;
  const stop = new AbortController();
  const isStopped = () => stop.signal.aborted;

  void (async () => {
    for (; !isStopped(); reconnections += 1) {
      try {
        for await (const { dashboardUpdated } of client.subscribe(DashboardUpdatedDocument, { after }, byHand)) {
          if (isStopped()) return;
          events.push(label(dashboardUpdated));
          after = dashboardUpdated.cursor;
        }
      } catch {
        // Connection lost: a router went away. The next round resumes from the last cursor.
      }
      await delay(50);
    }
  })();

  return {
    events,
    get reconnections() {
      return reconnections;
    },
    stop: () => {
      stop.abort();
    },
  };
}

/** Reads the same span again from the stored feed: as many events as a subscriber got, from the same cursor. */
export async function readAgain(client: Client, from: string, count: number): Promise<string[]> {
  const again = openSubscriber(client, from);
  try {
    await until(`${count} events come again`, () => again.events.length >= count);
    return again.events.slice(0, count);
  } finally {
    again.stop();
  }
}
