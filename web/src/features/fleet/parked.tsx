import './parked.css';
import { useState } from 'react';
import {
  ParkedEventsDocument,
  type ParkedStatus,
  ServicesDocument,
  type ServicesQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { Button, Choice, Empty, Skeleton } from '../../shared/ui/controls.tsx';
import { isAdmin, useActing } from '../../shared/session/acting.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { AsOf } from './as-of.tsx';
import { ParkedEvent } from './parked-event.tsx';
import { Services } from './services.tsx';
import { watched } from './watched.ts';
import { fleetWords } from './words.ts';

const statuses: readonly ParkedStatus[] = ['PARKED', 'RETRYING', 'REDRIVEN', 'DISCARDED'];
const pageSize = 50;

/** What a service could not handle: to look at, to try again, to give up. */
export default function Parked() {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const acting = useActing();
  const [status, setStatus] = useState<ParkedStatus>('PARKED');
  const [after, setAfter] = useState<readonly string[]>([]);
  const services = useAnswer(query(ServicesDocument, {}), { pace: watched });
  const parked = useAnswer(
    query(ParkedEventsDocument, { filter: { status }, first: pageSize, after: after.at(-1) ?? null }),
    { pace: watched },
  );
  const page = parked.data?.parkedEvents;
  const next = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  return (
    <>
      <AsOf answer={{ at: parked.at, error: services.error ?? parked.error }} />
      <ServicesOrWait services={services.data?.services} isWaiting={services.isWaiting} />
      <section className="card parked" aria-labelledby="parked-title">
        <h2 id="parked-title">
          {shared.parkedEvents} {page && <span className="aside number">{formatCount(page.totalCount)}</span>}
        </h2>
        <p className="aside">
          {words.parkedHint} {acting && !isAdmin(acting.session) && <span>{words.onlyAdmins}</span>}
        </p>
        <div className="parked-tools">
          <Choice
            label={words.parkedState}
            options={statuses.map((key) => ({ key, label: words.parkedStatus[key] }))}
            chosen={status}
            onChoose={(key) => {
              setStatus(key);
              setAfter([]);
            }}
          />
        </div>
        {page && page.unavailable.length > 0 && (
          <p className="notice" role="status">
            {words.notAnswering(page.unavailable)}
          </p>
        )}
        {parked.isWaiting && !page && <Skeleton label={shared.loading} lines={4} />}
        {page?.nodes.length === 0 && <Empty title={words.nothingParked[status]} />}
        {page?.nodes.map((event) => (
          <ParkedEvent key={event.id} event={event} />
        ))}
        {(after.length > 0 || next) && (
          <div className="pager">
            {after.length > 0 && (
              <Button weight="plain" onPress={() => setAfter(after.slice(0, -1))}>
                {words.previous}
              </Button>
            )}
            {next && (
              <Button weight="plain" onPress={() => setAfter([...after, next])}>
                {words.next}
              </Button>
            )}
          </div>
        )}
      </section>
    </>
  );
}

interface ServicesOrWaitProps {
  services: ServicesQuery['services'] | undefined;
  isWaiting: boolean;
}

function ServicesOrWait({ services, isWaiting }: ServicesOrWaitProps) {
  const shared = useSharedWords();
  if (services) return <Services services={services} />;
  return isWaiting ? (
    <div className="card">
      <Skeleton label={shared.loading} lines={5} />
    </div>
  ) : null;
}
