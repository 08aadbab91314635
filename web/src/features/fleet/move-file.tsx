import './move-file.css';
import { memo, type SubmitEvent, useDeferredValue, useState } from 'react';
import type { StationFieldsFragment } from '../../../../schema/client/generated/graphql.ts';
import { csvFile, download } from '../../shared/api/csv.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { nameOf, placeName } from '../../shared/stations/places.ts';
import { Button } from '../../shared/ui/controls.tsx';
import { type BulkLine, isSent, outcomeBefore } from './bulk.ts';
import { forecasts, Outcome } from './bulk-bar.tsx';
import { FileDrop } from './file-drop.tsx';
import type { MovePlan } from './move-plan.ts';
import { moveFileProblem, moveProblem, moveWords } from './move-words.ts';
import { Progress } from './progress.tsx';
import { Reason } from './reason.tsx';
import { type ReportLine, ReportTable } from './report-table.tsx';
import { type Bulk, useBulk } from './use-bulk.ts';
import { type ChosenMoves, useMoveFile } from './use-move-file.ts';
import { fleetWords } from './words.ts';

const example = csvFile([
  ['bike', 'station'],
  [12, 'ST-101'],
  [13, 102],
]);

/** Bikes that are brought to stations as a file says: what that would do, doing it, and taking it back. */
export function MoveFile() {
  const words = useWords(moveWords);
  const fleet = useWords(fleetWords);
  const file = useMoveFile();
  const { bulk, ...run } = useBulk();
  const told = useDeferredValue(bulk);
  const { plan, looked } = file;
  const isRunning = bulk?.status === 'running' || bulk?.status === 'undoing';
  function forget() {
    run.forget();
    file.forget();
  }
  return (
    <details className="card move-file">
      <summary>{words.title}</summary>
      <div className="move-file-steps">
        <p className="aside">{words.hint}</p>
        <FileDrop
          choose={words.choose}
          isDisabled={looked !== null || isRunning}
          onFile={(chosen) => {
            run.forget();
            void file.choose(chosen);
          }}
        >
          <Button weight="quiet" onPress={() => download('moves.csv', example)}>
            {fleet.csvExample}
          </Button>
        </FileDrop>
        {looked && <p className="aside">{words.looking}</p>}
        {looked && looked.of > 0 && <Progress label={words.looking} done={looked.count} of={looked.of} />}
        <Problem file={file} />
        {plan && !bulk && (
          <Preview plan={plan} onStart={(reason) => void run.start(plan.changeFor(reason), plan.bulk)} />
        )}
        {bulk && <Outcome bulk={bulk} run={{ ...run, bulk, forget }} hasLines={false} />}
        {plan && <Report plan={plan} bulk={told} />}
      </div>
    </details>
  );
}

function Problem({ file: { refusal, error } }: { file: ChosenMoves }) {
  const shared = useSharedWords();
  const { language } = useSpeech();
  return (
    <p className="outcome" role="status" data-tone="error">
      {refusal ? moveFileProblem(refusal, language) : error !== null && shared.error(error, '')}
    </p>
  );
}

/** What the file would do, and why; nothing moves before. */
function Preview({ plan: { lines, bulk }, onStart }: { plan: MovePlan; onStart: (reason: string) => void }) {
  const words = useWords(moveWords);
  const fleet = useWords(fleetWords);
  const [reason, setReason] = useState('');
  const moving = bulk.filter(isSent).length;
  const others = forecasts.flatMap((forecast) => {
    const alike = bulk.filter((line) => line.forecast === forecast && !isSent(line)).length;
    return alike > 0 ? [fleet.bulk.forecasts[forecast](alike)] : [];
  });
  const unreadable = lines.length - bulk.length;
  function submit(event: SubmitEvent) {
    event.preventDefault();
    onStart(reason.trim());
  }
  return (
    <form className="move-file-form" onSubmit={submit}>
      <p role="status">
        {[words.moving(moving), ...others, ...(unreadable > 0 ? [words.unreadable(unreadable)] : [])].join(' ')}
      </p>
      {moving > 0 && (
        <>
          <Reason value={reason} onChange={setReason} />
          <Button type="submit">{words.start(moving)}</Button>
        </>
      )}
    </form>
  );
}

/** Each line of the file, and what becomes of it; put off while a change of thousands is told every moment. */
const Report = memo(function Report({ plan, bulk }: { plan: MovePlan; bulk: Bulk | null }) {
  const words = useWords(moveWords);
  const fleet = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const bulkLines = new Map(plan.bulk.map((line) => [line.bikeId, line]));

  const titleOf = (station: Pick<StationFieldsFragment, 'number' | 'nameKo'> & { nameEn: string | null }) =>
    fleet.stationTitle(station.number, nameOf({ ...station, nameEn: station.nameEn ?? station.nameKo }, language));
  function fromOf({ before }: BulkLine): string {
    if (!before) return '–';
    if (before.use === 'IN_USE') return fleet.uses.IN_USE;
    return before.station ? titleOf(before.station) : (placeName(before, null, language) ?? fleet.placeUnknown);
  }
  function toldOf(line: BulkLine): Pick<ReportLine, 'looks' | 'status' | 'outcome'> {
    const back = bulk?.undone.get(line.bikeId);
    const outcome = back ?? bulk?.outcomes.get(line.bikeId) ?? outcomeBefore(line);
    switch (outcome?.status) {
      case undefined:
        return { looks: 'waiting', status: words.status.waiting, outcome: '' };
      case 'changed':
        return { looks: 'done', status: back ? words.status.back : words.status.moved, outcome: '' };
      case 'same':
        return { looks: 'done', status: words.status.same, outcome: '' };
      case 'refused':
        return { looks: 'failed', status: words.status.refused, outcome: shared.refusal[outcome.code].because };
      case 'failed':
        return { looks: 'failed', status: fleet.lineStatus.failed, outcome: shared.error(outcome.code, '') };
    }
  }
  const report = plan.lines.map(({ line, move, problem }): ReportLine => {
    if (problem) {
      const outcome = moveProblem(problem, language);
      return { line, looks: 'invalid', said: ['–', '–', '–'], status: words.status.invalid, outcome };
    }
    const station = plan.stations.get(move.stationId);
    const to = station ? titleOf(station) : move.stationId;
    const bulkLine = bulkLines.get(move.bikeId) ?? { bikeId: move.bikeId, before: undefined, forecast: 'notThere' };
    const places = [fromOf(bulkLine), to].map((place) => <span translate="no">{place}</span>);
    return { line, said: [move.bikeId, ...places], ...toldOf(bulkLine) };
  });
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={words.title}>
      <ReportTable columns={[words.bike, words.from, words.to]} lines={report} />
    </div>
  );
});
