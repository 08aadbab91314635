import { useMemo, useRef, useState } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { ProgressBar } from 'react-aria-components/ProgressBar';
import { csvCell, download } from '../data/csv.ts';
import { randomId } from '../data/random-id.ts';
import { Button, Field } from '../design/controls.tsx';
import { useActing } from '../session/acting.ts';
import { formatCount, useWords } from '../words/speech.tsx';
import { type BikeLine, longestImport, readBikes } from './bike-csv.ts';
import { importBikes, type LineOutcome } from './import-bikes.ts';
import { outcomeText, Report, useOutcomeWords } from './import-report.tsx';
import { fleetWords } from './words.ts';

const example = 'color,registeredDate\r\ngreen,2026-11-23\r\nwhite,\r\n';

/** A file of bikes: read at once, registered line by line, with a report of every line. */
export function RegisterMany() {
  const words = useWords(fleetWords);
  const [text, setText] = useState('');
  const lines = useMemo(() => readBikes(text), [text]);
  const run = useImport(lines);
  const outcomeWords = useOutcomeWords();
  const sound = lines.filter(({ problem }) => problem === null);
  const failed = sound.filter(({ line }) => isFailure(run.outcomes.get(line)));
  const done = run.outcomes.size;

  async function choose(files: FileList | null) {
    const file = files?.[0];
    if (!file) return;
    setText(await file.text());
    run.begin();
  }
  function exportReport() {
    const rows = lines.map((line) =>
      [line.line, line.color, outcomeText(line, run.outcomes.get(line.line), outcomeWords)].map(csvCell).join(','),
    );
    download('import.csv', `\uFEFFline,color,outcome\r\n${rows.join('\r\n')}\r\n`);
  }

  return (
    <section className="card register-many" aria-labelledby="register-many">
      <h2 id="register-many">{words.registerMany}</h2>
      <p className="aside">{words.csvHint}</p>
      <div className="import-source">
        <FileTrigger acceptedFileTypes={['.csv', 'text/csv', 'text/plain']} onSelect={(files) => void choose(files)}>
          <Button weight="plain">{words.chooseFile}</Button>
        </FileTrigger>
        <Button weight="quiet" onPress={() => download('bikes.csv', `\uFEFF${example}`)}>
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
            value={text}
            disabled={run.isRunning}
            onChange={(event) => {
              setText(event.target.value);
              run.begin();
            }}
          />
        )}
      </Field>
      {lines.length > longestImport && (
        <p className="outcome" role="status" data-tone="error">
          {words.tooMany(formatCount(longestImport))}
        </p>
      )}
      {lines.length > 0 && lines.length <= longestImport && (
        <>
          <div className="import-run">
            <p role="status">
              {done === 0
                ? words.linesReady(formatCount(sound.length), formatCount(lines.length - sound.length))
                : run.isRunning
                  ? ''
                  : words.importResult(
                      formatCount(done - failed.length),
                      formatCount(lines.length - done + failed.length),
                    )}
            </p>
            {run.isRunning ? (
              <Button weight="plain" onPress={run.stop}>
                {words.stop}
              </Button>
            ) : (
              <>
                {done > 0 && (
                  <Button weight="plain" onPress={exportReport}>
                    {words.report}
                  </Button>
                )}
                {done < sound.length && (
                  <Button onPress={() => void run.start(sound.filter(({ line }) => !run.outcomes.has(line)))}>
                    {words.importNow(formatCount(sound.length - done))}
                  </Button>
                )}
                {failed.length > 0 && (
                  <Button onPress={() => void run.start(failed)}>
                    {words.retryFailed(formatCount(failed.length))}
                  </Button>
                )}
              </>
            )}
          </div>
          {(run.isRunning || done > 0) && (
            <ProgressBar
              className="progress"
              aria-label={words.importProgress}
              value={done}
              maxValue={sound.length}
              valueLabel={words.importDone(formatCount(done), formatCount(sound.length))}
            >
              {({ percentage, valueText }) => (
                <>
                  <span className="progress-track">
                    <span style={{ width: `${percentage ?? 0}%` }} />
                  </span>
                  <span className="aside number">{valueText}</span>
                </>
              )}
            </ProgressBar>
          )}
          <Report lines={lines} outcomes={run.outcomes} />
        </>
      )}
    </section>
  );
}

function isFailure(outcome: LineOutcome | undefined): boolean {
  return outcome !== undefined && outcome.status !== 'done';
}

/** The report is drawn this often at most, however fast the lines come back. */
const drawEveryMs = 100;

function useImport(lines: readonly BikeLine[]) {
  const acting = useActing();
  const [outcomes, setOutcomes] = useState<ReadonlyMap<number, LineOutcome>>(new Map());
  const [isRunning, setRunning] = useState(false);
  const importId = useRef('');
  const leaving = useRef<AbortController>(null);

  async function start(wanted: readonly BikeLine[]) {
    if (!acting || lines.length === 0) return;
    importId.current ||= randomId();
    leaving.current = new AbortController();
    const known = new Map(outcomes);
    for (const { line } of wanted) known.delete(line);
    const draw = () => setOutcomes(new Map(known));
    const timer = setInterval(draw, drawEveryMs);
    setRunning(true);
    draw();
    await importBikes({
      client: acting.client,
      importId: importId.current,
      lines: wanted,
      onOutcome: (line, outcome) => known.set(line, outcome),
      signal: leaving.current.signal,
    });
    clearInterval(timer);
    draw();
    setRunning(false);
  }

  return {
    outcomes,
    isRunning,
    start,
    stop: () => leaving.current?.abort(),
    /** Another text is another import. */
    begin() {
      importId.current = '';
      setOutcomes(new Map());
    },
  };
}
