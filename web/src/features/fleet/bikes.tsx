import './bikes.css';
import { useState } from 'react';
import { type BikeCondition, BikesDocument, type BikesQuery } from '../../../../schema/client/generated/graphql.ts';
import { Button, Empty, Field, LinkButton, Skeleton } from '../../shared/ui/controls.tsx';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { BikeSwatch } from '../../shared/ui/icons.tsx';
import { linkTo, linkToTab } from '../../app/links.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { AsOf } from './as-of.tsx';
import { At } from './at.tsx';
import { BikeCodes } from './bike-codes.tsx';
import { Condition } from './condition.tsx';
import { ChangeCondition, conditions } from './change-condition.tsx';
import { watched } from './watched.ts';
import { fleetWords } from './words.ts';

const pageSize = 50;

/** The fleet by number, and by what state it is in. */
export function Bikes() {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const [condition, setCondition] = useState<BikeCondition | null>(null);
  const [color, setColor] = useState('');
  const [after, setAfter] = useState<readonly string[]>([]);
  const filter = { ...(condition && { condition }), ...(color.trim() && { color: color.trim() }) };
  const answer = useAnswer(query(BikesDocument, { filter, first: pageSize, after: after.at(-1) ?? null }), {
    pace: watched,
  });
  const { data, isWaiting } = answer;
  const restart = () => setAfter([]);
  const page = data?.bikes;
  const next = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  return (
    <section className="card" aria-label={words.tabs.bikes}>
      <div className="list-tools">
        <Field label={words.condition}>
          {(ids) => (
            <select
              {...ids}
              value={condition ?? ''}
              onChange={(event) => {
                setCondition(conditions.find((name) => name === event.target.value) ?? null);
                restart();
              }}
            >
              <option value="">{words.anyCondition}</option>
              {conditions.map((name) => (
                <option key={name} value={name}>
                  {shared.conditionNames[name]}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={words.colorFilter}>
          {(ids) => (
            <input
              {...ids}
              type="search"
              name="color"
              maxLength={40}
              autoComplete="off"
              value={color}
              onChange={(event) => {
                setColor(event.target.value);
                restart();
              }}
            />
          )}
        </Field>
      </div>
      <AsOf answer={answer} />
      {isWaiting && !page && <Skeleton label={shared.loading} lines={6} />}
      {page && page.nodes.length === 0 && (
        <Empty title={condition || color.trim() ? words.noBikesMatch : shared.noBikes}>
          <LinkButton href={linkToTab('register')}>{shared.registerBikes}</LinkButton>
        </Empty>
      )}
      {page && page.nodes.length > 0 && (
        <>
          <BikeLines bikes={page.nodes} />
          <div className="pager">
            <p className="aside number">{words.bikesShown(page.nodes.length, page.totalCount)}</p>
            <BikeCodes bikeIds={page.nodes.map(({ bikeId }) => bikeId)} />
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
        </>
      )}
    </section>
  );
}

function BikeLines({ bikes }: { bikes: BikesQuery['bikes']['nodes'] }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  return (
    <ul className="lines">
      {bikes.map((bike) => (
        <li key={bike.bikeId}>
          <a className="number" href={linkTo('bike', bike.bikeId)}>
            {bike.bikeId}
          </a>
          <Condition condition={bike.condition} />
          <span>
            <BikeSwatch color={bike.color} /> {shared.colorName(bike.color)}
          </span>
          <span className="aside">
            {words.registered} <At time={bike.registeredDate} />
          </span>
          <ChangeCondition bike={bike} />
        </li>
      ))}
    </ul>
  );
}
