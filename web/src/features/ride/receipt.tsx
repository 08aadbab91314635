import './receipt.css';
import { type ReactNode, useState } from 'react';
import { Button } from '../../shared/ui/controls.tsx';
import { useClock } from '../../shared/i18n/clock.ts';
import { hourAndMinuteOn } from '../../shared/i18n/seoul-time.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import type { Count } from '../../shared/i18n/numbers.ts';
import { placeName, type Station } from '../../shared/stations/places.ts';
import type { PastRide, Ride } from './rider.ts';
import { FaultReport } from './fault-report.tsx';
import { ReturnReport } from './return-report.tsx';
import { lastedMs, sumsOf } from './sums.ts';
import { rideWords } from './words.ts';

interface ReceiptProps {
  ride: PastRide;
  stations: readonly Station[] | null;
  /** Points now; unknown while point is away. */
  balance: Count | undefined;
  onClose: () => void;
}

/** What a ride was, and what it cost, once it is over. */
export function Receipt({ ride, stations, balance, onClose }: ReceiptProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const sums = sumsOf(ride);
  const ms = lastedMs(ride);
  const from = placeName(ride.startPlace, stations, language);
  const to = placeName(ride.returnPlace, stations, language);
  return (
    <section className="card receipt" aria-labelledby="receipt-title">
      <h2 id="receipt-title" tabIndex={-1}>
        <span>{words.receipt}</span>
        <span className="aside">{`${shared.reserveNo} ${ride.reserveNo}`}</span>
      </h2>
      <dl className="receipt-lines">
        <Line label={shared.bike}>{ride.bikeId}</Line>
        {from && <Line label={words.from}>{from}</Line>}
        {to && <Line label={words.to}>{to}</Line>}
        {ms !== null && ride.startDateTime && ride.returnDateTime && (
          <Line label={words.rideTimeOf}>
            <Span from={ride.startDateTime} to={ride.returnDateTime} ms={ms} />
          </Line>
        )}
        <Line label={words.fee}>{shared.points(ride.fee)}</Line>
        {sums && (
          <>
            <Line label={words.overtimeFee}>{shared.points(sums.overtime)}</Line>
            <Line label={words.inAll} isSum>
              {shared.points(sums.all)}
            </Line>
          </>
        )}
        {balance !== undefined && <Line label={words.pointsLeft}>{shared.points(balance)}</Line>}
      </dl>
      <ReturnReport ride={ride} stations={stations} />
      <FaultReport bikeId={ride.bikeId} />
      <Button weight="quiet" onPress={onClose}>
        {shared.close}
      </Button>
    </section>
  );
}

function Line({ label, isSum = false, children }: { label: string; isSum?: boolean; children: ReactNode }) {
  return (
    <div data-sum={isSum}>
      <dt>{label}</dt>
      <dd className="number">{children}</dd>
    </div>
  );
}

/** The end names its day where that is another than the beginning's. */
function Span({ from, to, ms }: { from: string; to: string; ms: number }) {
  const words = useWords(rideWords);
  const began = useClock((now) => hourAndMinuteOn(from, now));
  return words.rideSpan(began, hourAndMinuteOn(to, Date.parse(from)), ms);
}

interface Shown {
  /** Of the receipt, once its ride is over. */
  reserveNo: number;
  live: boolean;
}

/** The ride that came to its end while the page was open, until somebody closes its receipt or takes another bike. */
export function useReceipt(live: Ride | undefined, past: readonly PastRide[] | undefined) {
  const [shown, setShown] = useState<Shown | null>(null);
  // Remembered while it goes on: what is over has left the list of what is live.
  if (live && (shown?.reserveNo !== live.reserveNo || !shown.live)) setShown({ reserveNo: live.reserveNo, live: true });
  if (!live && past && shown?.live) setShown({ ...shown, live: false });
  const ride = live ? undefined : past?.find(({ reserveNo }) => reserveNo === shown?.reserveNo);
  return { ride: ride?.reserveStatus === 'RETURNED' ? ride : null, close: () => setShown(null) };
}
