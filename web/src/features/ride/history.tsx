import './history.css';
import { useState } from 'react';
import { Choice, Empty } from '../../shared/ui/controls.tsx';
import { StatusIcon } from '../../shared/ui/icons.tsx';
import { useClock } from '../../shared/i18n/clock.ts';
import { hourAndMinuteOn } from '../../shared/i18n/seoul-time.ts';
import { formatSigned } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { placeName, type Station } from '../../shared/stations/places.ts';
import type { PastRide, Points } from './rider.ts';
import { ReturnReport } from './return-report.tsx';
import { lastedMs, sumsOf } from './sums.ts';
import { rideWords } from './words.ts';

interface HistoryProps {
  rides: { totalCount: number; nodes: readonly PastRide[] } | undefined;
  entries: Points['pointEntries'] | undefined;
  stations: readonly Station[] | null;
}

/** Past rides and every movement of points; if one is unavailable, the other still shows. */
export function History({ rides, entries, stations }: HistoryProps) {
  const words = useWords(rideWords);
  const [kind, setKind] = useState<'rides' | 'points'>('rides');
  return (
    <section className="card history" aria-labelledby="history-title">
      <h2 id="history-title">{words.history}</h2>
      <Choice
        label={words.history}
        options={[
          { key: 'rides', label: words.rides },
          { key: 'points', label: words.points },
        ]}
        chosen={kind}
        onChoose={setKind}
      />
      {kind === 'rides' ? (
        rides ? (
          <Rides rides={rides.nodes} stations={stations} />
        ) : (
          <p className="aside">{words.away.rides}</p>
        )
      ) : entries ? (
        <Entries entries={entries.nodes} />
      ) : (
        <p className="aside">{words.away.points}</p>
      )}
      <Shown list={kind === 'rides' ? rides : entries} />
    </section>
  );
}

/** A list that does not have everything says of how much. */
function Shown({ list }: { list: { totalCount: number; nodes: readonly unknown[] } | undefined }) {
  const words = useWords(rideWords);
  if (!list || list.nodes.length >= list.totalCount) return null;
  return <p className="aside">{words.latest(list.nodes.length, list.totalCount)}</p>;
}

function Rides({ rides, stations }: { rides: readonly PastRide[]; stations: HistoryProps['stations'] }) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  if (rides.length === 0) return <Empty title={words.noRides} />;
  return (
    <ul className="records">
      {rides.map((ride) => (
        <li key={ride.reserveNo}>
          <span className="status" data-status={ride.reserveStatus}>
            <StatusIcon status={ride.reserveStatus} />
            <span>{shared.statusNames[ride.reserveStatus]}</span>
          </span>
          <span className="record-what">
            <span>{words.rideOf(ride.bikeId)}</span>
            <Details ride={ride} stations={stations} />
            {ride.reserveStatus === 'RETURNED' && <ReturnReport ride={ride} stations={stations} />}
          </span>
          <At time={ride.reserveDateTime} />
        </li>
      ))}
    </ul>
  );
}

/** How long a ride took, from where to where as far as anybody knows, and what it cost. */
function Details({ ride, stations }: { ride: PastRide; stations: HistoryProps['stations'] }) {
  const words = useWords(rideWords);
  const { language } = useSpeech();
  const ms = lastedMs(ride);
  const from = placeName(ride.startPlace, stations, language);
  const to = placeName(ride.returnPlace, stations, language);
  const sums = ride.reserveStatus === 'RETURNED' ? sumsOf(ride) : null;
  return (
    <>
      {ms !== null && <span className="aside number">{words.rodeFor(ms)}</span>}
      {(from ?? to) && (
        <span className="aside record-places">
          {from && to ? words.rodeFromTo(from, to) : from ? words.rodeFrom(from) : words.rodeTo(to ?? '')}
        </span>
      )}
      {sums && (
        <span className="aside number record-cost">
          {sums.overtime === '0' ? words.rideCost(sums.all) : words.rideCostOf(sums.all, sums.overtime)}
        </span>
      )}
    </>
  );
}

function Entries({ entries }: { entries: Points['pointEntries']['nodes'] }) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  if (entries.length === 0) return <Empty title={words.noEntries} />;
  return (
    <ul className="records">
      {entries.map((entry) => (
        <li key={entry.seq}>
          <strong className="amount number" data-sign={BigInt(entry.amount) < 0n ? 'out' : 'in'}>
            {formatSigned(entry.amount)}
          </strong>
          <span className="record-what">
            <span>{shared.entryKinds[entry.kind]}</span>
            <span className="aside number">{words.balanceAfter(entry.balanceAfter)}</span>
          </span>
          <At time={entry.at} />
        </li>
      ))}
    </ul>
  );
}

function At({ time }: { time: string }) {
  const text = useClock((now) => hourAndMinuteOn(time, now));
  return (
    <time dateTime={time} className="number aside">
      {text}
    </time>
  );
}
