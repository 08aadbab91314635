import './register-many.css';
import './register-stations.css';
import type { ReactNode } from 'react';
import { Button } from '../../shared/ui/controls.tsx';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { FileDrop } from './file-drop.tsx';
import { isDeed, type Step } from './import-stations.ts';
import { Progress } from './progress.tsx';
import { type ReportLine, ReportTable } from './report-table.tsx';
import { fileProblem, lineProblem, stationWords } from './station-words.ts';
import { type StationImport, useStationImport } from './use-station-import.ts';
import { fleetWords } from './words.ts';

/** The city's file of stations: compared with what there is, then opened and changed call by call. */
export function RegisterStations() {
  const words = useWords(stationWords);
  const run = useStationImport();
  const isBusy = run.state !== 'idle';
  return (
    <section className="card register-many" aria-labelledby="register-stations">
      <h2 id="register-stations">{words.title}</h2>
      <p className="aside">{words.hint}</p>
      <FileDrop choose={words.choose} isDisabled={isBusy} onFile={(file) => void run.choose(file)} />
      {run.state === 'reading' && <p className="aside">{words.reading}</p>}
      <Problem run={run} />
      {run.steps && (
        <>
          <Running steps={run.steps} run={run} />
          <Report steps={run.steps} run={run} />
        </>
      )}
    </section>
  );
}

function Problem({ run: { refusal, error } }: { run: StationImport }): ReactNode {
  const shared = useSharedWords();
  const { language } = useSpeech();
  return (
    <p className="outcome" role="status" data-tone="error">
      {refusal ? fileProblem(refusal, language) : error !== null && shared.error(error, '')}
    </p>
  );
}

/** What is to be done, how far it is, and stopping or going on. */
function Running({ steps, run }: { steps: readonly Step[]; run: StationImport }) {
  const words = useWords(stationWords);
  const fleet = useWords(fleetWords);
  const deeds = steps.filter(isDeed);
  const waiting = deeds.filter((deed) => !run.results.has(deed));
  const count = (...kinds: Step['kind'][]) => steps.filter(({ kind }) => kinds.includes(kind)).length;
  const isRunning = run.state === 'running';
  const done = [...run.results.values()].filter((result) => result === null).length;
  const plan = words.plan(count('open'), count('change'), count('same'), count('invalid', 'closed'));
  const hasBegun = isRunning || run.results.size > 0;
  return (
    <>
      <div className="import-run">
        <p role="status">
          {!isRunning && (hasBegun ? words.result(done, run.results.size - done, waiting.length) : plan)}
        </p>
        {isRunning && (
          <Button weight="plain" onPress={run.stop}>
            {fleet.stop}
          </Button>
        )}
        {!isRunning && waiting.length > 0 && (
          <Button onPress={() => void run.start(waiting)}>
            {hasBegun ? words.goOn(waiting.length) : words.start(waiting.length)}
          </Button>
        )}
      </div>
      {hasBegun && <Progress label={words.progress} done={run.results.size} of={deeds.length} />}
    </>
  );
}

function Report({ steps, run }: { steps: readonly Step[]; run: StationImport }) {
  const words = useWords(stationWords);
  const shared = useSharedWords();
  const { language } = useSpeech();

  function toldOf(step: Step): Pick<ReportLine, 'looks' | 'status' | 'outcome'> {
    if (step.kind === 'invalid')
      return { looks: 'invalid', status: words.outcome.invalid, outcome: lineProblem(step.problem, language) };
    if (step.kind === 'closed') return { looks: 'failed', status: words.outcome.refused, outcome: words.closed };
    if (step.kind === 'same') return { looks: 'done', status: words.outcome.same, outcome: '' };
    const result = run.results.get(step);
    if (result === undefined) return { looks: 'waiting', status: words.planned[step.kind], outcome: '' };
    if (result) {
      return { looks: 'failed', status: words.outcome.refused, outcome: shared.refusal[result.code].because };
    }
    return { looks: 'done', status: words.outcome[step.kind === 'open' ? 'opened' : 'changed'], outcome: '' };
  }
  const report = steps.map((step) => ({
    ...toldOf(step),
    line: step.line,
    said: [step.station?.number ?? '–', <span translate="no">{step.station?.nameKo ?? '–'}</span>],
  }));
  return (
    <div className="scroll" tabIndex={0} role="region" aria-labelledby="register-stations">
      <ReportTable columns={[words.number, words.name]} lines={report} />
    </div>
  );
}
