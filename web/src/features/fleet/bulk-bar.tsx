import './bulk-bar.css';
import { type SubmitEvent, useState } from 'react';
import { type BikeCondition, StationDocument } from '../../../../schema/client/generated/graphql.ts';
import { linkTo } from '../../app/links.ts';
import { listed } from '../../shared/i18n/lists.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { useActing } from '../../shared/session/acting.ts';
import { nameOf } from '../../shared/stations/places.ts';
import { ConfirmDialog, DialogActions } from '../../shared/ui/confirm.tsx';
import { Button, Choice, Field } from '../../shared/ui/controls.tsx';
import { errorText } from '../../shared/ui/submission.tsx';
import {
  type BulkLine,
  type BulkOutcome,
  type Change,
  type Filter,
  type Forecast,
  isSent,
  linesOf,
  lookAt,
  mostAtOnce,
} from './bulk.ts';
import { Progress } from './progress.tsx';
import { Reason } from './reason.tsx';
import { conditions, mostPicked, type Picked, stationIdIn } from './table-address.ts';
import { type Bulk, type RunningBulk, useUndoSeconds } from './use-bulk.ts';
import { fleetWords } from './words.ts';

interface BulkBarProps {
  picked: Picked;
  /** Of the table, if all that match are picked. */
  filter: Filter;
  totalCount: number;
  run: RunningBulk;
  onPick: (picked: Picked) => void;
}

/** What can be done with the bikes that are picked, how far it is, and what became of them. */
export function BulkBar({ picked, filter, totalCount, run, onPick }: BulkBarProps) {
  const words = useWords(fleetWords).bulk;
  const [asking, setAsking] = useState<Change['kind'] | null>(null);
  const count = picked === 'all' ? totalCount : picked.length;
  const isTooMuch = count > mostAtOnce;
  if (run.bulk) return <Outcome bulk={run.bulk} run={run} />;
  if (count === 0) return null;
  const wanted = picked === 'all' ? { filter } : { bikeIds: picked };
  return (
    <div className="bulk">
      <div className="bulk-tools">
        <p role="status">{picked === 'all' ? words.allPicked(count) : words.picked(count)}</p>
        {picked !== 'all' && totalCount > picked.length && totalCount <= mostAtOnce && (
          <Button weight="quiet" onPress={() => onPick('all')}>
            {words.pickAll(totalCount)}
          </Button>
        )}
        <Button weight="plain" isDisabled={isTooMuch} onPress={() => setAsking('condition')}>
          {words.changeConditions}
        </Button>
        <Button weight="plain" isDisabled={isTooMuch} onPress={() => setAsking('move')}>
          {words.moveBikes}
        </Button>
        <Button weight="quiet" onPress={() => onPick([])}>
          {words.unpick}
        </Button>
      </div>
      {totalCount > mostAtOnce && <p className="aside">{words.atOnce(mostAtOnce)}</p>}
      {picked.length === mostPicked && <p className="aside">{words.mostPicked(mostPicked)}</p>}
      {asking && (
        <Ask
          key={asking}
          kind={asking}
          wanted={wanted}
          onClose={() => setAsking(null)}
          onStart={(change, lines) => {
            setAsking(null);
            onPick([]);
            void run.start(change, lines);
          }}
        />
      )}
    </div>
  );
}

interface AskProps {
  kind: Change['kind'];
  wanted: Parameters<typeof lookAt>[1];
  onClose: () => void;
  onStart: (change: Change, lines: readonly BulkLine[]) => void;
}

/** First what is to change, then what that will do; nothing is changed before. */
function Ask({ kind, wanted, onClose, onStart }: AskProps) {
  const words = useWords(fleetWords).bulk;
  const fleet = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const acting = useActing();
  const [condition, setCondition] = useState<BikeCondition>('MAINTENANCE');
  const [station, setStation] = useState('');
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [isLooking, setLooking] = useState(false);
  const [preview, setPreview] = useState<{ change: Change; lines: readonly BulkLine[]; where: string } | null>(null);

  async function look() {
    if (!acting) return;
    const { client } = acting;
    const signal = AbortSignal.timeout(60_000);
    let change: Change = { kind: 'condition', condition, reason: reason.trim() };
    let where = '';
    if (kind === 'move') {
      const stationId = stationIdIn(station);
      if (stationId === null) return setProblem(shared.refusal.STATION_NOT_FOUND.because);
      const found = (await client.request(StationDocument, { stationId }, { signal })).station;
      if (!found) return setProblem(shared.refusal.STATION_NOT_FOUND.because);
      if (found.state === 'CLOSED') return setProblem(shared.refusal.STATION_CLOSED.because);
      const { state } = found;
      change = { kind: 'move', to: () => ({ stationId, state }), reason: reason.trim() };
      where = nameOf(found, language);
    }
    const bikes = await lookAt(client, wanted, signal);
    const bikeIds = 'bikeIds' in wanted ? wanted.bikeIds : bikes.map(({ bikeId }) => bikeId);
    setPreview({ change, where, lines: linesOf(change, bikeIds, bikes) });
  }
  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (preview) return onStart(preview.change, preview.lines);
    setProblem(null);
    setLooking(true);
    look()
      .catch((error: unknown) => setProblem(errorText(error, shared)))
      .finally(() => setLooking(false));
  }
  const count = preview?.lines.filter(isSent).length ?? 0;
  return (
    <ConfirmDialog title={kind === 'move' ? words.moveBikes : words.changeConditions} isOpen onClose={onClose}>
      <form className="dialog-form" onSubmit={submit}>
        {preview ? (
          <Preview {...preview} />
        ) : (
          <>
            {kind === 'condition' ? (
              <Choice
                label={fleet.condition}
                options={conditions.map((key) => ({ key, label: shared.conditionNames[key] }))}
                chosen={condition}
                onChoose={setCondition}
              />
            ) : (
              <Field label={words.station} hint={words.stationHint}>
                {(ids) => (
                  <input
                    {...ids}
                    name="stationId"
                    required
                    maxLength={20}
                    autoComplete="off"
                    value={station}
                    onChange={(event) => setStation(event.target.value)}
                  />
                )}
              </Field>
            )}
            <Reason value={reason} onChange={setReason} />
          </>
        )}
        <p className="outcome" role="status" data-tone="error">
          {problem}
        </p>
        <DialogActions>
          <Button weight="quiet" onPress={preview ? () => setPreview(null) : onClose}>
            {preview ? words.back : fleet.keep}
          </Button>
          {(!preview || count > 0) && (
            <Button type="submit" isPending={isLooking}>
              {preview ? words.confirm(count) : words.preview}
            </Button>
          )}
        </DialogActions>
      </form>
    </ConfirmDialog>
  );
}

export const forecasts: readonly Forecast[] = [
  ...(['changes', 'endsReservation', 'same', 'onRide', 'notThere'] as const),
  ...(['noStation', 'stationClosed'] as const),
];
/** As many numbers as one reads. */
const numbersShown = 10;

function Preview({ change, lines, where }: { change: Change; lines: readonly BulkLine[]; where: string }) {
  const words = useWords(fleetWords).bulk;
  const shared = useSharedWords();
  const { language } = useSpeech();
  const target =
    change.kind === 'move' ? words.toStation(where) : words.toCondition(shared.conditionNames[change.condition]);
  const groups = forecasts.flatMap((forecast) => {
    const bikeIds = lines.filter((line) => line.forecast === forecast).map(({ bikeId }) => String(bikeId));
    return bikeIds.length > 0 ? [{ forecast, bikeIds }] : [];
  });
  return (
    <div role="status">
      <p>
        <strong>{target}</strong>
      </p>
      <ul>
        {groups.map(({ forecast, bikeIds }) => (
          <li key={forecast}>
            {words.forecasts[forecast](bikeIds.length)}{' '}
            <span className="aside number">
              {listed(bikeIds.slice(0, numbersShown), language)}
              {bikeIds.length > numbersShown && ' …'}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface OutcomeProps {
  bulk: Bulk;
  run: RunningBulk;
  /** False where another list says what became of each bike. */
  hasLines?: boolean;
}

/** How far a change is, stopping it and going on, and taking it back. */
export function Outcome({ bulk, run, hasLines = true }: OutcomeProps) {
  const words = useWords(fleetWords).bulk;
  const fleet = useWords(fleetWords);
  const { status, lines, outcomes, undone } = bulk;
  const isUndo = status === 'undoing' || status === 'undone';
  const changed = lines.filter(({ bikeId }) => outcomes.get(bikeId)?.status === 'changed');
  const shown = isUndo ? undone : outcomes;
  const among = isUndo ? changed : lines;
  const isRunning = status === 'running' || status === 'undoing';
  const count = (wanted: BulkOutcome['status']) =>
    among.filter(({ bikeId }) => shown.get(bikeId)?.status === wanted).length;
  const left = among.length - count('changed') - count('same') - count('refused');
  const secondsLeft = useUndoSeconds(bulk.undoUntil);
  return (
    <div className="bulk">
      <div className="bulk-tools">
        <p role="status">
          {isRunning
            ? words.running
            : [
                (isUndo ? words.undone : words.changed)(count('changed')),
                count('same') > 0 && words.forecasts.same(count('same')),
                count('refused') > 0 && words.refused(count('refused')),
                left > 0 && words.left(left),
              ]
                .filter(Boolean)
                .join(' ')}
        </p>
        {isRunning ? (
          <Button weight="plain" onPress={run.stop}>
            {fleet.stop}
          </Button>
        ) : (
          <>
            {secondsLeft > 0 && changed.length > 0 && (
              <Button weight="plain" onPress={() => void run.undo()}>
                <span>{words.undo}</span> <span className="number">{words.seconds(secondsLeft)}</span>
              </Button>
            )}
            {left > 0 && (
              <Button weight="plain" onPress={() => void (isUndo ? run.undo() : run.retry())}>
                {words.again(left)}
              </Button>
            )}
            <Button weight="quiet" onPress={run.forget}>
              {words.done}
            </Button>
          </>
        )}
      </div>
      {isRunning && <Progress label={words.running} done={shown.size} of={among.length} />}
      {/* Not before: its links lead away, which would stop it. */}
      {!isRunning && hasLines && <Lines lines={among} outcomes={shown} isUndo={isUndo} />}
    </div>
  );
}

/** What needs a look comes first. */
const order: readonly BulkOutcome['status'][] = ['failed', 'refused', 'same', 'changed'];
/** The others are in the list of bikes. */
const linesShown = 200;

function Lines(props: { lines: readonly BulkLine[]; outcomes: ReadonlyMap<number, BulkOutcome>; isUndo: boolean }) {
  const { lines, outcomes, isUndo } = props;
  const words = useWords(fleetWords).bulk;
  const shared = useSharedWords();
  const told = lines
    .flatMap(({ bikeId }) => {
      const outcome = outcomes.get(bikeId);
      return outcome ? [{ bikeId, outcome }] : [];
    })
    .sort((one, other) => order.indexOf(one.outcome.status) - order.indexOf(other.outcome.status));
  if (told.length === 0) return null;
  const textOf = (outcome: BulkOutcome): string => {
    switch (outcome.status) {
      case 'changed':
        return isUndo ? words.lineUndone : words.lineChanged;
      case 'same':
        return words.lineSame;
      case 'refused':
        return shared.refusal[outcome.code].because;
      case 'failed':
        return shared.error(outcome.code, '');
    }
  };
  return (
    <details>
      <summary>{words.eachBike}</summary>
      <ul className="bulk-lines">
        {told.slice(0, linesShown).map(({ bikeId, outcome }) => (
          <li key={bikeId} data-outcome={outcome.status}>
            <a className="number" href={linkTo('bike', bikeId)}>
              {bikeId}
            </a>
            <span>{textOf(outcome)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
