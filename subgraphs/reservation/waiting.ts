import type { NewEvent, WaitingEnd, WaitingEvent } from '../../schema/events/index.ts';
import { refuse, type Decider } from '../../platform/event-core/decider.ts';

/** What a rider waits for: one of the two. */
export type Awaited = { bikeId: number } | { stationId: string };

/** A rider in a list. */
export interface Entry {
  userId: string;
  since: string;
  /** The wait ends by itself then. */
  until: string;
  /** The bike that they were told of, and when the next one is told. */
  offer: { bikeId: number; bikeVersion: number; until: string } | null;
}

/** Those who wait for one bike, or at one station: whoever came first is told first. */
export interface WaitingList {
  status: 'list';
  entries: readonly Entry[];
}

/** A bike at a version of its stream: an offer is over with the next decision about the bike. */
export interface BikeAsItStood {
  bikeId: number;
  bikeVersion: number;
}

/** What was found out about a list. */
export interface Found {
  /** Whose wait is over. */
  over: readonly { userId: string; because: WaitingEnd }[];
  /** Bikes on offer that nobody can have any more. */
  taken: readonly BikeAsItStood[];
  /** Who asked for a bike, and does not know yet whether they get it: they keep what they have. */
  claiming: readonly string[];
}

export type WaitingCommand =
  /** `after`: when the rider came to another list. Of two the last counts, and clocks differ: they come here later. */
  | { type: 'JoinList'; userId: string; awaited: Awaited; after?: string }
  | { type: 'LeaveList'; userId: string; because: WaitingEnd }
  | ({ type: 'TidyList' } & Found)
  /** A bike that all who wait here may have. */
  | ({ type: 'OfferBike' } & BikeAsItStood);

export type WaitingRefusal = 'WAITING_LIST_FULL' | 'NOT_WAITING';

export interface WaitingRule {
  /** How long a rider waits at most. */
  waitMs: number;
  /** How long the first rider has, before the next one is told. */
  offerMs: number;
}

/**
 * Riders in one list. Whoever is further behind waits for longer than it takes to walk elsewhere; and a list is part of
 * each decision about it.
 */
export const mostInList = 20;
/** As many events as one decision may have. */
const mostAtOnce = 8;

type NewWaitingEvent = NewEvent<WaitingEvent>;

export const waiting = (rule: WaitingRule): Decider<WaitingList, WaitingCommand, NewWaitingEvent, WaitingRefusal> => ({
  initial: { status: 'list', entries: [] },

  decide(command, { entries }, at) {
    switch (command.type) {
      case 'JoinList': {
        const { userId, awaited, after } = command;
        const entry = entries.find((each) => each.userId === userId);
        // Whatever the next look would end has ended.
        const ended = entry ? tidy(entry, nothingFound, at).filter(({ type }) => type === 'WaitingEnded') : [];
        if (entry && ended.length === 0) return [];
        if (!entry && entries.length >= mostInList)
          return refuse('WAITING_LIST_FULL', `${mostInList} riders wait there already.`);
        const since = after !== undefined && Date.parse(after) >= Date.parse(at) ? later(after, 1) : at;
        const data = { userId, ...awaited, at: since, until: later(at, rule.waitMs) };
        return [...ended, { type: 'WaitingBegan', data }];
      }
      case 'LeaveList': {
        const { userId, because } = command;
        const entry = entries.find((each) => each.userId === userId);
        if (!entry) return refuse('NOT_WAITING', 'The rider waits for no bike.');
        return [{ type: 'WaitingEnded', data: { userId, since: entry.since, because, at } }];
      }
      case 'TidyList':
        return entries.flatMap((entry) => tidy(entry, command, at)).slice(0, mostAtOnce);
      case 'OfferBike': {
        const { bikeId, bikeVersion } = command;
        const first = entries.find(({ offer }) => !offer);
        if (!first || entries.some(({ offer }) => offer?.bikeId === bikeId)) return [];
        const until = later(at, rule.offerMs);
        return [{ type: 'BikeOffered', data: { userId: first.userId, bikeId, bikeVersion, at, until } }];
      }
    }
  },

  evolve({ entries }, { type, data }) {
    switch (type) {
      case 'WaitingBegan': {
        const { userId, at: since, until } = data;
        return { status: 'list', entries: [...entries, { userId, since, until, offer: null }] };
      }
      case 'BikeOffered':
        return offering(entries, data, { bikeId: data.bikeId, bikeVersion: data.bikeVersion, until: data.until });
      case 'BikeOfferWithdrawn':
        return offering(entries, data, null);
      case 'WaitingEnded':
        return { status: 'list', entries: entries.filter(({ userId }) => userId !== data.userId) };
    }
  },
});

const nothingFound: Found = { over: [], taken: [], claiming: [] };

/** Why somebody's wait is over, or their offer; nothing while it goes on. */
function tidy({ userId, since, until, offer }: Entry, { over, taken, claiming }: Found, at: string): NewWaitingEvent[] {
  const ended = (because: WaitingEnd): NewWaitingEvent[] => [
    { type: 'WaitingEnded', data: { userId, since, because, at } },
  ];
  const known = over.find((one) => one.userId === userId);
  if (known) return ended(known.because);
  if (claiming.includes(userId)) return [];
  if (!offer) return isPast(until, at) ? ended('TIMED_OUT') : [];
  if (taken.some(({ bikeId, bikeVersion }) => bikeId === offer.bikeId && bikeVersion === offer.bikeVersion))
    return [{ type: 'BikeOfferWithdrawn', data: { userId, bikeId: offer.bikeId, at } }];
  return isPast(offer.until, at) ? ended('OFFER_LAPSED') : [];
}

function offering(entries: readonly Entry[], { userId }: { userId: string }, offer: Entry['offer']): WaitingList {
  return { status: 'list', entries: entries.map((entry) => (entry.userId === userId ? { ...entry, offer } : entry)) };
}

const isPast = (time: string, at: string) => Date.parse(time) <= Date.parse(at);

function later(at: string, ms: number): string {
  return new Date(Date.parse(at) + ms).toISOString();
}

/** A rider's place in a list, as they see it. */
export interface Waiting extends Entry {
  awaited: Awaited;
  /** 1 came first; null once it has ended. */
  place: number | null;
  /** Why it ended; null while it goes on. */
  ended: WaitingEnd | null;
}

export function placeIn({ entries }: WaitingList, awaited: Awaited, userId: string): Waiting | null {
  const index = entries.findIndex((entry) => entry.userId === userId);
  const entry = entries[index];
  return entry ? { ...entry, awaited, place: index + 1, ended: null } : null;
}

/** What those in a list hear of a decision. */
export interface ListChange {
  awaited: Awaited;
  list: WaitingList;
  events: readonly NewWaitingEvent[];
}

/** A rider's place after a change, or the end of their wait; null when it is none of theirs. */
export function heardBy({ awaited, list, events }: ListChange, userId: string): Waiting | null {
  const concerns = ({ type, data }: NewWaitingEvent) => type !== 'WaitingBegan' || data.userId === userId;
  const place = placeIn(list, awaited, userId);
  const end = events.find((event) => event.type === 'WaitingEnded' && event.data.userId === userId);
  // Who waits again at once has their new place.
  if (end?.type === 'WaitingEnded' && !place) {
    const { since, because, at } = end.data;
    return { userId, awaited, since, until: at, offer: null, place: null, ended: because };
  }
  return events.some(concerns) ? place : null;
}
