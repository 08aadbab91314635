import type { JournalDocument } from '../../platform/event-core/journal.ts';
import { parseEvent, type WaitingEvent } from '../../schema/events/index.ts';
import type { BikeSlot } from '../../subgraphs/reservation/reservation.ts';
import { mostInList } from '../../subgraphs/reservation/waiting.ts';
import type { World } from './world.ts';

interface Place {
  userId: string;
  /** The bike that the rider was told of. */
  bikeId: number | null;
  bikeVersion?: number;
}

/**
 * I14 whoever came first is told first, of a bike that nobody else was told of; and once all is quiet, nobody waits who
 * has a reservation, nobody waits twice, and nobody waits for a bike that is free. By rules of its own, from the
 * decisions in the order in which they were inserted.
 */
export function waitingWrongly(world: World): string[] {
  const documents = world.rows('reservation', 'journal') as unknown as JournalDocument[];
  const lists = new Map<string, Place[]>();
  const slots = new Map<string, BikeSlot>();
  const found: string[] = [];
  for (const { stream, events, state } of documents) {
    if (stream.startsWith('bike-')) slots.set(stream, state as BikeSlot);
    if (!stream.startsWith('waiting-')) continue;
    for (const event of events.map(parseEvent)) found.push(...follow(lists, stream, event as WaitingEvent));
  }
  return [...found, ...left(lists, slots)];
}

function follow(lists: Map<string, Place[]>, stream: string, { id, type, data }: WaitingEvent): string[] {
  const list = lists.get(stream) ?? [];
  const place = list.find(({ userId }) => userId === data.userId);
  const wrong = (what: string) => [`I14 ${id}: ${what}`];
  switch (type) {
    case 'WaitingBegan':
      if (place) return wrong(`${data.userId} waits there already`);
      lists.set(stream, [...list, { userId: data.userId, bikeId: null }]);
      return list.length < mostInList ? [] : wrong('the list is too long');
    case 'BikeOffered': {
      const first = list.find(({ bikeId }) => bikeId === null);
      const told = [...lists.values()].flat().filter(
        // With the next decision about the bike an offer is over, whether or not that was told already.
        ({ bikeId, bikeVersion }) => bikeId === data.bikeId && bikeVersion === data.bikeVersion,
      );
      if (place) Object.assign(place, { bikeId: data.bikeId, bikeVersion: data.bikeVersion });
      return [
        ...(first === place ? [] : wrong(`${first?.userId ?? 'nobody'} is first, not ${data.userId}`)),
        ...told.map(({ userId }) => `I14 ${id}: ${userId} was told of bike ${data.bikeId}, too`),
      ];
    }
    case 'BikeOfferWithdrawn':
      if (place?.bikeId !== data.bikeId) return wrong(`${data.userId} was not told of bike ${data.bikeId}`);
      place.bikeId = null;
      return [];
    case 'WaitingEnded':
      if (!place) return wrong(`${data.userId} does not wait`);
      lists.set(
        stream,
        list.filter((each) => each !== place),
      );
      return [];
  }
}

function left(lists: Map<string, Place[]>, slots: Map<string, BikeSlot>): string[] {
  const known = [...slots.values()].filter((slot) => slot.status !== 'unknown');
  const holders = new Set(known.flatMap((slot) => (slot.status === 'held' ? [slot.reservation.userId] : [])));
  const told = new Set([...lists.values()].flat().map(({ bikeId }) => bikeId));
  const everybody = [...lists.values()].flat().map(({ userId }) => userId);
  return [...lists].flatMap(([stream, list]) => {
    const free = known.filter(
      (slot) =>
        slot.status === 'free' &&
        slot.condition === 'IN_SERVICE' &&
        !told.has(slot.bikeId) &&
        (stream === `waiting-bike-${slot.bikeId}` || stream === `waiting-${slot.place?.stationId}`),
    );
    const waits = list.filter(({ bikeId }) => bikeId === null);
    return [
      ...list
        .filter(({ userId }) => holders.has(userId))
        .map(({ userId }) => `I14 ${userId} has a bike, and waits in ${stream}`),
      ...list
        .filter(({ userId }) => everybody.filter((each) => each === userId).length > 1)
        .map(({ userId }) => `I14 ${userId} waits in ${stream} and elsewhere`),
      ...(free.length > 0 && waits.length > 0
        ? [`I14 ${free.length} bikes are free, and ${waits.length} wait in ${stream}`]
        : []),
    ];
  });
}
