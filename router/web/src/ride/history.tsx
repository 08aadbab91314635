import { useState } from 'react';
import { Choice, Empty } from '../design/controls.tsx';
import { StatusIcon } from '../design/icons.tsx';
import { useClock } from '../words/clock.ts';
import { clockTimeOn, timePassed } from '../words/seoul-time.ts';
import { formatCount, useSharedWords, useWords } from '../words/speech.tsx';
import type { Rider } from './page.tsx';
import { rideWords } from './words.ts';

/** What was: rides, and every movement of points. */
export function History({ rider }: { rider: Rider }) {
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
      {kind === 'rides' ? <Rides rides={rider.reservations.nodes} /> : <Entries entries={rider.pointEntries.nodes} />}
    </section>
  );
}

function Rides({ rides }: { rides: Rider['reservations']['nodes'] }) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  if (rides.length === 0) return <Empty title={words.noRides} />;
  return (
    <ul className="records">
      {rides.map((ride) => (
        <li key={ride.reserveNo}>
          <span className="status" data-status={ride.reserveStatus}>
            <StatusIcon status={ride.reserveStatus} />
            {shared.statusNames[ride.reserveStatus]}
          </span>
          <span className="record-what">
            {words.rideOf(ride.bikeId)}
            {ride.startDateTime && ride.returnDateTime && (
              <span className="aside number">
                {' '}
                {words.rodeFor(timePassed(ride.startDateTime, Date.parse(ride.returnDateTime)))}
              </span>
            )}
          </span>
          <At time={ride.reserveDateTime} />
        </li>
      ))}
    </ul>
  );
}

function Entries({ entries }: { entries: Rider['pointEntries']['nodes'] }) {
  const words = useWords(rideWords);
  if (entries.length === 0) return <Empty title={words.noEntries} />;
  return (
    <ul className="records">
      {entries.map((entry) => (
        <li key={entry.seq}>
          <strong className="amount number" data-sign={BigInt(entry.amount) < 0n ? 'out' : 'in'}>
            {signed(entry.amount)}
          </strong>
          <span className="record-what">
            {words.kinds[entry.kind]}{' '}
            <span className="aside number">{words.balanceAfter(formatCount(entry.balanceAfter))}</span>
          </span>
          <At time={entry.at} />
        </li>
      ))}
    </ul>
  );
}

/** With its sign in front, so that the color is not the only one to tell. */
function signed(amount: number | string): string {
  return BigInt(amount) < 0n ? formatCount(amount).replace('-', '−') : `+${formatCount(amount)}`;
}

function At({ time }: { time: string }) {
  const text = useClock((now) => clockTimeOn(time, now).slice(0, -3));
  return (
    <time dateTime={time} className="number aside">
      {text} KST
    </time>
  );
}
