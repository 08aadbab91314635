import { FleetRiderReportsDocument, type FleetRiderReportsQuery } from '../../../../schema/client/generated/graphql.ts';
import { linkTo } from '../../app/links.ts';
import { asFarAsHad, query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { At } from './at.tsx';
import { FaultLines } from './faults.tsx';
import { watched } from './watched.ts';
import { fleetWords } from './words.ts';

type Reports = NonNullable<FleetRiderReportsQuery['user']>['returnReports'];

/** What a rider has reported: faults that nobody has seen to, and returns that were not recognised. */
export function RiderReports({ userId }: { userId: string }) {
  const words = useWords(fleetWords);
  const { data } = useAnswer(
    asFarAsHad((faults) => query(FleetRiderReportsDocument, { userId, faults })),
    { pace: watched },
  );
  // A bike may have faults of others, too.
  const faults = (data?.faultyBikes?.nodes ?? []).flatMap(({ bikeId, faults: all }) =>
    all.filter(({ by }) => by === userId).map((fault) => ({ ...fault, bikeId })),
  );
  return (
    <>
      {faults.length > 0 && (
        <>
          <h3>{words.faults.ofRider}</h3>
          <FaultLines faults={faults} />
        </>
      )}
      {data?.user && data.user.returnReports.nodes.length > 0 && <Returns reports={data.user.returnReports} />}
    </>
  );
}

function Returns({ reports: { nodes, totalCount } }: { reports: Reports }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  return (
    <>
      <h3>
        <span>{words.reports.ofRider(totalCount)}</span>{' '}
        {totalCount > nodes.length && <span className="aside">{shared.newest(nodes.length)}</span>}
      </h3>
      <ul className="lines">
        {nodes.map(({ reserveNo, status, returnedAt, note, reason, reportedAt }) => (
          <li key={reserveNo} data-report={status}>
            <a className="number" href={linkTo('reservation', reserveNo)}>
              #{reserveNo}
            </a>
            <strong>{words.reports.states[status]}</strong>
            <span>
              {words.reports.said} <At time={returnedAt} />
            </span>
            {note && <q className="case-note">{note}</q>}
            {reason && (
              <span>
                {words.reason} <q className="case-note">{reason}</q>
              </span>
            )}
            <At time={reportedAt} />
          </li>
        ))}
      </ul>
    </>
  );
}
