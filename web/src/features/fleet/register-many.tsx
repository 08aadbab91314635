import './register-many.css';
import { type ReactNode, useDeferredValue, useMemo, useState } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { csvFile, download } from '../../shared/api/csv.ts';
import { Button, Field } from '../../shared/ui/controls.tsx';
import { serverClock } from '../../shared/i18n/server-clock.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
import { type BikeLine, type FileProblem, largestFileBytes, longestImport, readBikes } from './bike-csv.ts';
import { type FileRefusal, readFile } from './file-text.ts';
import { Report, reportFile, useOutcomeWords } from './import-report.tsx';
import { Progress } from './progress.tsx';
import { type RunningImport, useImport } from './use-import.ts';
import { fleetWords, type FleetWords } from './words.ts';

const example = csvFile([
  ['color', 'registeredDate'],
  ['green', '2026-11-23'],
  ['white', ''],
]);

/** Why a file is not even shown. */
type Refusal = FileProblem | FileRefusal | 'empty';

function problemOf(text: string): Refusal | null {
  const { lines, problem } = readBikes(text, serverClock.now());
  return problem ?? (lines.length === 0 ? 'empty' : null);
}

/** A file of bikes: read at once, registered call by call, with a report of every line that can be read again. */
export function RegisterMany() {
  const words = useWords(fleetWords);
  const [text, setText] = useState('');
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const read = useDeferredValue(text);
  const file = useMemo(() => readBikes(read, serverClock.now()), [read]);
  const run = useImport();

  async function choose(files: FileList | null) {
    const chosen = files?.[0];
    if (!chosen) return;
    const found = await readFile(chosen, largestFileBytes);
    const problem = 'refusal' in found ? found.refusal : problemOf(found.text);
    setRefusal(problem);
    // The field keeps what was corrected in it. It is for a few lines; a hundred thousand take a browser long to show.
    if ('text' in found && !problem) setText(found.text);
  }

  return (
    <section className="card register-many" aria-labelledby="register-many">
      <h2 id="register-many">{words.registerMany}</h2>
      <p className="aside">{words.csvHint(longestImport)}</p>
      <div className="import-source">
        <FileTrigger acceptedFileTypes={['.csv', 'text/csv', 'text/plain']} onSelect={(files) => void choose(files)}>
          <Button weight="plain" isDisabled={run.isRunning}>
            {words.chooseFile}
          </Button>
        </FileTrigger>
        <Button weight="quiet" onPress={() => download('bikes.csv', example)}>
          {words.csvExample}
        </Button>
      </div>
      <Field label={words.pasteCsv}>
        {(ids) => (
          <textarea
            {...ids}
            name="csv"
            rows={4}
            spellCheck={false}
            translate="no"
            value={text}
            readOnly={run.isRunning}
            onChange={(event) => {
              setText(event.target.value);
              setRefusal(null);
            }}
          />
        )}
      </Field>
      <Problem problem={refusal ?? file.problem} />
      {file.lines.length > 0 && (
        <>
          <Running lines={file.lines} run={run} />
          <Report lines={file.lines} outcomes={run.outcomes} />
        </>
      )}
    </section>
  );
}

function Problem({ problem }: { problem: Refusal | null }): ReactNode {
  const words = useWords(fleetWords);
  return (
    <p className="outcome" role="status" data-tone="error">
      {problem && words.fileProblems[problem](longestImport)}
    </p>
  );
}

/** How far it is, and what can be done about it. */
function Running({ lines, run }: { lines: readonly BikeLine[]; run: RunningImport }) {
  const words = useWords(fleetWords);
  const outcomeWords = useOutcomeWords();
  const sound = lines.filter(({ problem }) => problem === null);
  const known = sound.filter(({ key }) => run.outcomes.has(key));
  const done = known.filter(({ key }) => run.outcomes.get(key)?.status === 'done');
  const failed = known.filter(({ key }) => run.outcomes.get(key)?.status !== 'done');
  const waiting = sound.filter(({ key }) => !run.outcomes.has(key));
  return (
    <>
      <div className="import-run">
        <p role="status">{run.isRunning ? '' : resultOf({ lines, sound, known, done, run }, words)}</p>
        {run.isRunning ? (
          <Button weight="plain" onPress={run.stop}>
            {words.stop}
          </Button>
        ) : (
          <>
            {known.length > 0 && (
              <Button
                weight="plain"
                onPress={() => download('import.csv', reportFile(lines, run.outcomes, outcomeWords))}
              >
                {words.report}
              </Button>
            )}
            {waiting.length > 0 && (
              <Button onPress={() => void run.start(waiting)}>{words.importNow(waiting.length)}</Button>
            )}
            {failed.length > 0 && (
              <Button onPress={() => void run.start(failed)}>{words.retryFailed(failed.length)}</Button>
            )}
          </>
        )}
      </div>
      {(run.isRunning || known.length > 0) && (
        <Progress label={words.importProgress} done={known.length} of={sound.length} />
      )}
    </>
  );
}

interface Run {
  lines: readonly BikeLine[];
  sound: readonly BikeLine[];
  known: readonly BikeLine[];
  done: readonly BikeLine[];
  run: RunningImport;
}

function resultOf({ lines, sound, known, done, run: { fleet } }: Run, words: FleetWords): string {
  if (known.length === 0) return words.linesReady(sound.length, lines.length - sound.length);
  const sentences = [words.importResult(done.length, lines.length - done.length)];
  if (fleet) sentences.push(words.fleetGrew(fleet.before, fleet.after));
  if (fleet && fleet.after === fleet.before && done.length > 0) sentences.push(words.nothingNew);
  return sentences.join(' ');
}
