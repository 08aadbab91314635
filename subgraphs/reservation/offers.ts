import { streams, type ReserveStatus, type WaitingEnd } from '../../schema/events/index.ts';
import { isUnavailable, rowVersion } from '../../platform/index.ts';
import { isRefusal } from '../../platform/event-core/decider.ts';
import type { BikeSlot } from './reservation.ts';
import type { Stations } from './stations.ts';
import type { ReservationStore } from './store.ts';
import type { Slots } from './use-cases.ts';
import type { Awaited, BikeAsItStood, Entry, waiting, WaitingCommand } from './waiting.ts';
import { awaitedIn, isElsewhere, listOf, type ListRow, type Lists, type WaitingRows } from './waiting-lists.ts';

export interface OffersOptions {
  lists: Pick<Lists, 'handle' | 'state' | 'journal'>;
  slots: Pick<Slots, 'journal'>;
  rows: Pick<WaitingRows, 'open' | 'of'>;
  store: Pick<ReservationStore, 'slotsByIds' | 'liveByUserIds' | 'availableFor'>;
  stations: Pick<Stations, 'statesOf'>;
  rules: ReturnType<typeof waiting>;
  clock(): Date;
}

/**
 * So often a bike is offered as it stands: riders who leave and come again would make the chain of its offers, which is
 * read each second, as long as they like.
 */
const mostOffersAsItStands = 100;
/** Lists that share their reads. */
const listsPerPage = 100;

/**
 * Looks at all lists with somebody in them: ends waits that are over, and tells whoever is first of a bike that is free.
 * It looks at what is so, not at what happened: a return, a cancellation, an expiry, a move and a repair all leave a
 * free bike behind, and a process that dies loses none of them. Every instance looks; the inserts decide.
 */
export function createOffers({ lists, slots, rows, store, stations, rules, clock }: OffersOptions) {
  const slotOf = (bikeId: number) => slots.journal.head(streams.bike(bikeId));

  async function look(page: readonly ListRow[]): Promise<void> {
    const awaited = page.map(({ _id }) => awaitedIn(_id));
    const riders = [...new Set(page.flatMap(({ entries }) => entries.map(({ userId }) => userId)))];
    const bikeIds = awaited.flatMap((each) => ('bikeId' in each ? [each.bikeId] : []));
    const stationIds = awaited.flatMap((each) => ('stationId' in each ? [each.stationId] : []));
    const offered = page.flatMap(({ entries }) => entries.flatMap(({ offer }) => offer?.bikeId ?? []));
    const [live, all, shown, free, closed] = await Promise.all([
      store.liveByUserIds(riders),
      rows.of(riders),
      store.slotsByIds([...new Set([...bikeIds, ...offered])]),
      store.availableFor(bikeIds, stationIds),
      closedAmong(stationIds),
    ]);
    const holders = new Set<string>();
    /** Riders who asked for a bike, and do not know yet whether they get it. */
    const claiming = new Set<string>();
    for (const { userId, bikeId } of live.values()) {
      const status = await statusOf(bikeId, userId);
      if (status === 'PENDING') claiming.add(userId);
      else if (status) holders.add(userId);
    }

    function whyOver(here: Awaited, place: Entry & { awaited: Awaited }): WaitingEnd | null {
      const condition = 'bikeId' in here ? shown.get(here.bikeId)?.condition : undefined;
      if (condition === 'LOST' || condition === 'RETIRED') return 'BIKE_GONE';
      if ('stationId' in here && closed.has(here.stationId)) return 'STATION_CLOSED';
      if (holders.has(place.userId)) return 'RESERVED';
      return all.some((row) => isElsewhere(row, place)) ? 'ELSEWHERE' : null;
    }

    for (const row of page) {
      const here = awaitedIn(row._id);
      const over = row.entries.flatMap((entry) => {
        const because = whyOver(here, { ...entry, awaited: here });
        return because ? [{ userId: entry.userId, because }] : [];
      });
      // A row may be older than the offer, and never newer than the decisions.
      const taken = row.entries.flatMap(({ offer: told }) =>
        told && (shown.get(told.bikeId)?.version ?? 0) > told.bikeVersion ? [told] : [],
      );
      const command: WaitingCommand = { type: 'TidyList', over, taken, claiming: [...claiming] };
      const decision = rules.decide(command, listOf(row), clock().toISOString());
      if (!isRefusal(decision) && decision.length > 0) await decide(row._id, command, `tidy:${row._id}@${row.version}`);
      else await offer(row, here, free, claiming);
    }
  }

  /** As many bikes as there are riders who were told of none, up to one who may have a bike in a moment. */
  async function offer(
    { _id, entries }: ListRow,
    here: Awaited,
    free: readonly { bikeId: number; stationId?: string }[],
    claiming: ReadonlySet<string>,
  ) {
    const untold = entries.filter(({ offer: told }) => !told);
    const before = untold.findIndex(({ userId }) => claiming.has(userId));
    let left = before < 0 ? untold.length : before;
    for (const { bikeId, stationId } of free) {
      const isOurs = 'bikeId' in here ? bikeId === here.bikeId : stationId === here.stationId;
      if (left === 0 || !isOurs || entries.some(({ offer: told }) => told?.bikeId === bikeId)) continue;
      const head = await slotOf(bikeId);
      if (!head || !isFreeHere(head.state, here)) continue;
      const bike = { bikeId, bikeVersion: rowVersion(head) };
      const cause = await nextOffer(bike);
      if (cause === null) continue;
      await decide(_id, { type: 'OfferBike', ...bike }, cause);
      left -= 1;
    }
  }

  /**
   * What the next offer of a bike, as it stands, is caused by; null while one is open, or after too many. A cause is
   * unique in the whole journal: of two lists, and of two instances, one tells its first rider.
   */
  async function nextOffer({ bikeId, bikeVersion }: BikeAsItStood): Promise<string | null> {
    let cause = `offer:${streams.bike(bikeId)}@${bikeVersion}`;
    for (let offers = 0; offers < mostOffersAsItStands; offers += 1) {
      const earlier = await lists.journal.byCause(cause);
      if (!earlier) return cause;
      const { entries } = await lists.state(earlier.stream);
      if (entries.some(({ offer: told }) => told?.bikeId === bikeId && told.bikeVersion === bikeVersion)) return null;
      cause = `offer:after:${earlier._id}`;
    }
    return null;
  }

  const decide = (stream: string, command: WaitingCommand, cause: string) =>
    lists.handle(stream, command, { cause, correlationId: cause, causationId: cause });

  /** Of the rider's live reservation of the bike, if they have one. */
  async function statusOf(bikeId: number, userId: string): Promise<ReserveStatus | null> {
    const slot = (await slotOf(bikeId))?.state;
    return slot?.status === 'held' && slot.reservation.userId === userId ? slot.reservation.reserveStatus : null;
  }

  /** While station is silent none has closed that is known. */
  async function closedAmong(stationIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (stationIds.length === 0) return new Set();
    try {
      const stateOf = await stations.statesOf(stationIds);
      return new Set(stationIds.filter((stationId) => stateOf(stationId) === 'CLOSED'));
    } catch (error) {
      if (isUnavailable(error)) return new Set();
      throw error;
    }
  }

  return {
    async run(): Promise<void> {
      for (let after = ''; ;) {
        const page = await rows.open(after, listsPerPage);
        if (page.length > 0) await look(page);
        after = page.at(-1)?.list ?? after;
        if (page.length < listsPerPage) return;
      }
    },
  };
}

function isFreeHere(slot: BikeSlot, here: Awaited): boolean {
  if (slot.status !== 'free' || slot.condition !== 'IN_SERVICE') return false;
  return 'bikeId' in here || slot.place?.stationId === here.stationId;
}
