import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { StationPlacesDocument } from '../../../../schema/client/generated/graphql.ts';
import type { District } from '../../../../schema/places.ts';
import { allPages, type Answer, answerTo, type Pace, type Question, withoutAway } from '../api/answer.ts';
import { deviceMemory } from '../api/memory.ts';
import { useNews } from '../api/use-news.ts';
import { type Acting, useActing } from '../session/acting.ts';
import { type Counts, type Shown, strangersIn, withCounts } from './counts.ts';
import type { Station } from './places.ts';
import { useStationCounts } from './use-station-counts.ts';

export interface Stations {
  /** By number; null until the first answer. */
  all: readonly Station[] | null;
  /** Until then: whether there are some, as far as this browser knows. */
  areExpected: boolean;
  failure: Answer<unknown>['failure'];
  /** Says which districts the map shows: without the stream, what stands there is asked more often. */
  look(districts: readonly District[]): void;
}

/** Seoul has 2,800 stations, and no city has this many. */
const mostStations = 20_000;
/** While the counts are told by a stream, names and places are asked for at this pace: they rarely change. */
const namesPace: Pace = { soonestMs: 300_000, longestMs: 300_000 };
/** A city is some requests: without the stream, a map of all of it follows at this pace, for everybody who looks. */
const cityPace: Pace = { soonestMs: 10_000, longestMs: 60_000 };
/** … and the few districts that it shows, a request each, at this one. */
const nearPace: Pace = { soonestMs: 2_000, longestMs: 20_000 };
/** With more of them in sight, the map is one of the city. */
export const mostDistricts = 4;

/** @param news another value each time something happened that may have changed a station. */
export function useStations(news?: number): Stations {
  const acting = useActing();
  const [seen, look] = useState<readonly District[]>([]);
  const counts = useStationCounts(acting);
  const isLive = counts?.isLive ?? false;
  const city = useQuery(cityAnswer(acting, isLive ? namesPace : cityPace));
  const isNear = !isLive && seen.length > 0 && seen.length <= mostDistricts;
  const near = useQuery({
    ...answerTo(isNear ? stationsIn(seen) : null, acting, nearPace),
    placeholderData: keepPreviousData,
  });
  const { data: known } = city;
  const { data: newer } = near;
  const [before] = useState<Shown>(() => new WeakMap());
  const all = useMemo(() => (known ? newest(known, newer, counts, before) : null), [known, newer, counts, before]);
  const names = useMemo(() => new Set(known?.data?.map(({ stationId }) => stationId)), [known?.data]);
  const strangers = counts && known?.data ? strangersIn(counts, names) : 0;
  // Stations have opened; or, without the stream, what happened may have moved a bike.
  useNews(isLive ? strangers || undefined : news, (isNear ? nearPace : cityPace).soonestMs, () => {
    // What happened before the stream began, it has told.
    if (!isLive || strangers > 0) void (isNear ? near : city).refetch();
  });
  return { all, areExpected: useExpected(known?.data?.length), failure: known?.failure ?? null, look };
}

const noneKey = 'ttareungi.noStations';

/** There are, unless the last answer to this browser was that there are none. */
function useExpected(count: number | undefined): boolean {
  const [hadSome] = useState(() => deviceMemory.get(noneKey) === null);
  useEffect(() => {
    if (count === 0) deviceMemory.set(noneKey, 'yes');
    else if (count !== undefined) deviceMemory.forget(noneKey);
  }, [count]);
  return hadSome;
}

/** All stations, for their names and places: nobody follows their counts, which are as of then. Null until the first answer. */
export function useStationNames(): readonly Station[] | null {
  return useQuery(cityAnswer(useActing(), namesPace)).data?.data ?? null;
}

/** Not as the answer to one caller, which is asked again after each of their clicks: a city is too much for that. */
function cityAnswer(acting: Acting | null, pace: Pace) {
  const question = answerTo(everyStation, acting && { id: 'city', client: acting.client }, pace);
  // Parts of a page that come later need not ask again.
  return { ...question, staleTime: cityPace.soonestMs };
}

/** Each station as the newest of two answers and the stream tells it. */
function newest(
  city: Answer<readonly Station[]>,
  near: Answer<readonly Station[]> | undefined,
  counts: Counts | null,
  before: Shown,
): readonly Station[] | null {
  if (!city.data) return null;
  const all = withCounts(city.data, city.askedAt, counts, before);
  if (!near?.data || (near.askedAt ?? 0) < (city.askedAt ?? 0)) return all;
  const nearer = withCounts(near.data, near.askedAt, counts, before);
  const newer = new Map(nearer.map((station) => [station.stationId, station]));
  return all.map((station) => newer.get(station.stationId) ?? station);
}

const everyStation = stationsOf(null);

function stationsIn(districts: readonly District[]): Question<readonly Station[]> {
  const questions = districts.map(stationsOf);
  return {
    key: ['StationPlaces', 'near', ...districts],
    ask: async (client, signal) => (await Promise.all(questions.map(({ ask }) => ask(client, signal)))).flat(),
  };
}

/** Of a district, or all of them; without counts while the service that has them is away. */
function stationsOf(district: District | null): Question<readonly Station[]> {
  const filter = district && { district };
  const asking = (counts: boolean) =>
    allPages(
      StationPlacesDocument,
      (after) => ({ filter, after, counts }),
      ({ stations }) => stations,
      mostStations,
    );
  const [counted, uncounted] = [asking(true), asking(false)];
  return {
    key: counted.key,
    ask: (client, signal) => withoutAway((counts) => (counts ? counted : uncounted).ask(client, signal)),
  };
}
