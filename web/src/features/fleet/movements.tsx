import { useState } from 'react';
import { FleetMovementsDocument } from '../../../../schema/client/generated/graphql.ts';
import { linkTo } from '../../app/links.ts';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { At } from './at.tsx';
import type { PagePlace } from './table-address.ts';
import { NoSuchPage, pageOf, Pager } from './table.tsx';
import { watched } from './watched.ts';
import { fleetWords } from './words.ts';

/** As many as one looks through. */
const movementsPerPage = 20;

/** Which bikes came to a station and left it; nothing while the dashboard is away. */
export function Movements({ stationId }: { stationId: string }) {
  const words = useWords(fleetWords).movements;
  const shared = useSharedWords();
  const [place, setPlace] = useState<PagePlace>(null);
  const variables = { stationId, ...pageOf(place, movementsPerPage) };
  const { data } = useAnswer(query(FleetMovementsDocument, variables), { pace: watched, keepsLast: true });
  const page = data?.dashboard.movements;
  if (!page) return null;
  return (
    <>
      <h3>{words.title}</h3>
      {page.totalCount === 0 && <p className="aside">{words.none}</p>}
      {page.nodes.length === 0 && page.totalCount > 0 && <NoSuchPage onFirst={() => setPlace(null)} />}
      {page.nodes.length > 0 && (
        <>
          <ul className="lines">
            {page.nodes.map(({ at, bikeId, hasArrived }) => (
              <li key={`${at} ${bikeId} ${hasArrived}`} data-movement={bikeId}>
                <span>{hasArrived ? words.came : words.left}</span>
                <a href={linkTo('bike', bikeId)}>{shared.bikeTitle(bikeId)}</a>
                <At time={at} />
              </li>
            ))}
          </ul>
          <Pager page={page} onPage={setPlace} />
        </>
      )}
    </>
  );
}
