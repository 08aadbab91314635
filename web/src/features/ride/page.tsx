import './page.css';
import { useEffect, useRef, useState } from 'react';
import { isSilence } from '../../../../schema/client/client.ts';
import { Skeleton } from '../../shared/ui/controls.tsx';
import { type Submission, useSubmission } from '../../shared/ui/submission.tsx';
import { type Acting, useActing } from '../../shared/session/acting.ts';
import { rideWishIn, vehicleIn } from '../../app/links.ts';
import { useSessionState } from '../../shared/session/session-context.ts';
import { useSearch } from '../../app/paths.ts';
import { useStationNames } from '../../shared/stations/use-stations.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { hourAndMinuteOn } from '../../shared/i18n/seoul-time.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { Current } from './current.tsx';
import { Debt } from './debt.tsx';
import { FindBike } from './find-bike.tsx';
import { History } from './history.tsx';
import { Purse } from './purse.tsx';
import { PushesCard } from './pushes.tsx';
import { Receipt, useReceipt } from './receipt.tsx';
import { RideStations } from './ride-stations.tsx';
import { PushStateContext, usePushes } from './use-pushes.ts';
import { type RiderPart, useRider } from './use-rider.ts';
import { useTyping } from './use-typing.ts';
import { VehicleLink } from './vehicle-link.tsx';
import { useForgetMet, Wanted } from './wanted.tsx';
import { WaitingCard } from './waiting.tsx';
import { rideWords } from './words.ts';

/** Everything a rider does, on a phone first. */
export default function RidePage() {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const acting = useActing();
  const { config } = useSessionState();
  if (!acting) {
    return config ? (
      <p className="card empty">{words.needSignIn}</p>
    ) : (
      <div className="ride">
        <Skeleton label={shared.loading} lines={8} />
      </div>
    );
  }
  return <RiderHome key={acting.session.userId + acting.session.roles.join()} acting={acting} />;
}

function RiderHome({ acting }: { acting: Acting }) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { rides, points: told, away, lostSince } = useRider(acting);
  // What rides are, or that nobody knows, stands first: points that came sooner would be pushed down by it.
  const points = rides || away.includes('rides') || lostSince !== null ? told : null;
  const lost = useClock((now) => (lostSince === null ? '' : hourAndMinuteOn(lostSince, now)));
  const stations = useStationNames();
  const pushes = usePushes(acting);
  const [wantsPoints, setWantsPoints] = useState(false);
  // One for both sections: the outcome of one shows in the other.
  const submission = useSubmission();
  const ride = rides?.live.nodes[0];
  const address = useSearch();
  const wish = rideWishIn(address);
  const vehicleId = vehicleIn(address);
  const wantsBike = wish?.kind === 'bike' ? wish.bikeId : null;
  const typing = useTyping(wantsBike, ride !== undefined);
  const balance = points?.user?.totalPoint;
  useForgetOutdated(submission, { lostSince, balance });
  useForgetMet(wantsBike, rides && (ride ?? 'none'));
  const receipt = useReceipt(ride, rides?.reservations.nodes);
  const find = rides && !ride && (
    <FindBike
      key={wantsBike}
      wanted={wantsBike}
      typing={typing}
      submission={submission}
      onBuy={() => setWantsPoints(true)}
    />
  );
  const home = useFocusOnChange(rides ? (ride ? `${ride.reserveNo} ${ride.reserveStatus}` : 'none') : undefined);
  return (
    <div className="ride" data-stale={lostSince !== null} ref={home}>
      {lostSince !== null && (
        <p className="notice" data-tone="stale" role="status">
          {words.lost(lost)}
        </p>
      )}
      {lostSince === null && away.length > 0 && <Away parts={away} known={{ rides, points }} />}
      {points?.pointAccount && <Debt debt={points.pointAccount.debt} onBuy={() => setWantsPoints(true)} />}
      {vehicleId !== null && <VehicleLink vehicleId={vehicleId} />}
      {receipt.ride && <Receipt ride={receipt.ride} stations={stations} balance={balance} onClose={receipt.close} />}
      {rides && wish && <Wanted wish={wish} ride={ride ?? null} stations={stations} />}
      {rides && !ride && <WaitingCard acting={acting} stations={stations} onBuy={() => setWantsPoints(true)} />}
      {wantsBike !== null && find}
      {rides && ride && (
        <PushStateContext value={pushes.state}>
          <Current ride={ride} submission={submission} stations={stations} />
        </PushStateContext>
      )}
      {rides && (
        <RideStations
          ride={ride ?? null}
          opened={wish?.kind === 'station' ? wish.stationId : null}
          onBuy={() => setWantsPoints(true)}
        />
      )}
      {rides && !points && !away.includes('points') && (
        <div className="card purse">
          <Skeleton label={shared.loading} lines={2} />
        </div>
      )}
      {points?.user && (
        <Purse
          points={points.user}
          debt={points.pointAccount?.debt ?? 0}
          isOpen={wantsPoints}
          onOpen={setWantsPoints}
        />
      )}
      {wantsBike === null && find}
      {(rides ?? points) && <PushesCard {...pushes} />}
      {(rides ?? points) && (
        <History rides={rides?.reservations} entries={points?.user?.pointEntries} stations={stations} />
      )}
      {!rides && !points && away.length === 0 && <Skeleton label={shared.loading} lines={8} />}
    </div>
  );
}

/** What is unavailable while its service is down; everything else works. */
function Away({ parts, known }: { parts: readonly RiderPart[]; known: Record<RiderPart, unknown> }) {
  const words = useWords(rideWords);
  return (
    <p className="notice" data-tone="stale" role="status">
      {parts.map((part) => (
        <span key={part}>{known[part] ? words.outdated[part] : words.away[part]}</span>
      ))}
    </p>
  );
}

const helpedByPoints: ReadonlySet<string | undefined> = new Set([
  'INSUFFICIENT_POINTS',
  'NO_POINT_ACCOUNT',
  'OUTSTANDING_DEBT',
]);

/** A message disappears with its cause: too few points once the balance changes, no answer once the server is back. */
function useForgetOutdated(
  { outcome, forget }: Submission,
  { lostSince, balance }: { lostSince: number | null; balance: number | string | undefined },
): void {
  const said = useRef({ outcome, forget });
  useEffect(() => {
    said.current = { outcome, forget };
  });
  useEffect(() => {
    if (helpedByPoints.has(said.current.outcome?.refusal)) said.current.forget();
  }, [balance]);
  useEffect(() => {
    if (lostSince === null && isSilence(said.current.outcome?.code)) said.current.forget();
  }, [lostSince]);
}

/** The pressed button may disappear with its success: the focus moves to the heading of what replaced it. */
function useFocusOnChange(situation: string | undefined) {
  const home = useRef<HTMLDivElement>(null);
  const before = useRef(situation);
  useEffect(() => {
    const isChange = before.current !== undefined && before.current !== situation;
    before.current = situation;
    if (!isChange || (document.activeElement && document.activeElement !== document.body)) return;
    home.current?.querySelector<HTMLElement>(':is(.current, .receipt, .find) h2')?.focus();
  }, [situation]);
  return home;
}
