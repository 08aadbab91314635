import type { Client } from '../../../../schema/client/client.ts';
import {
  CloseFaultsDocument,
  type FaultFieldsFragment,
  FaultyBikesDocument,
  type FaultyBikesQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { linkTo } from '../../app/links.ts';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { actsForOthers, useActing } from '../../shared/session/acting.ts';
import { Button, Empty, Skeleton } from '../../shared/ui/controls.tsx';
import {
  good,
  type Outcome,
  OutcomeText,
  refused,
  type Submission,
  useSubmission,
} from '../../shared/ui/submission.tsx';
import { At } from './at.tsx';
import { ChangeCondition } from './change-condition.tsx';
import { Condition } from './condition.tsx';
import { watched } from './watched.ts';
import { fleetWords } from './words.ts';

type Bike = FaultyBikesQuery['faultyBikes']['nodes'][number];

/** Bikes that riders say are broken, the longest first, until somebody has seen to them. */
export function Faults() {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const faulty = useAnswer(query(FaultyBikesDocument, {}), { pace: watched });
  const submission = useSubmission();
  const list = faulty.data?.faultyBikes;
  return (
    <section className="card cases" aria-labelledby="faults-title">
      <h2 id="faults-title">
        {words.faults.title} {list && <span className="aside number">{formatCount(list.totalCount)}</span>}
      </h2>
      <p className="aside">{words.faults.hint}</p>
      <OutcomeText submission={submission} />
      {faulty.isWaiting && <Skeleton label={shared.loading} lines={4} />}
      {list?.nodes.length === 0 && <Empty title={words.faults.none} />}
      {list?.nodes.map((bike) => (
        <FaultyBike key={bike.bikeId} bike={bike} submission={submission} />
      ))}
      {list && list.nodes.length < list.totalCount && (
        <p className="aside">{words.reports.newest(list.nodes.length, list.totalCount)}</p>
      )}
    </section>
  );
}

function FaultyBike({ bike, submission }: { bike: Bike; submission: Submission }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const acting = useActing();
  const { bikeId, condition, faults } = bike;

  async function close(client: Client, idempotencyKey: string): Promise<Outcome> {
    // None that came after this list was read.
    const input = { bikeId, until: faults.at(-1)?.reportedAt ?? null, idempotencyKey };
    const { refusal } = (await client.request(CloseFaultsDocument, { input })).closeFaults;
    return refusal ? refused(refusal) : good(() => fleetWords[language].faults.closed(bikeId));
  }

  return (
    <article className="open-case" data-bike-id={bikeId} aria-label={shared.bikeTitle(bikeId)}>
      <p>
        <a href={linkTo('bike', bikeId)}>{shared.bikeTitle(bikeId)}</a> <Condition condition={condition} />
      </p>
      <FaultLines faults={faults} />
      {acting && actsForOthers(acting.session) && (
        <div className="act">
          <ChangeCondition bike={bike} />
          <Button
            weight="plain"
            aria-label={`${words.faults.close}, ${shared.bikeTitle(bikeId)}`}
            isPending={submission.pending}
            onPress={() => void submission.submit(`close faults ${bikeId} ${faults.at(-1)?.reportedAt ?? ''}`, close)}
          >
            {words.faults.close}
          </Button>
        </div>
      )}
    </article>
  );
}

/** What is broken, since when, and what riders say of it; of which bike, where they are of several. */
export function FaultLines({ faults }: { faults: readonly (FaultFieldsFragment & { bikeId?: number })[] }) {
  const shared = useSharedWords();
  return (
    <ul className="lines">
      {faults.map(({ kind, note, reportedAt, by, bikeId }) => (
        <li key={`${bikeId} ${by} ${kind}`}>
          <strong>{shared.faultNames[kind]}</strong>
          {note && <q className="case-note">{note}</q>}
          {bikeId === undefined ? (
            <a href={linkTo('rider', by)}>{by}</a>
          ) : (
            <a href={linkTo('bike', bikeId)}>{shared.bikeTitle(bikeId)}</a>
          )}
          <At time={reportedAt} />
        </li>
      ))}
    </ul>
  );
}
