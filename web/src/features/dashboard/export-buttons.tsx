import './export-buttons.css';
import { useEffect, useRef, useState } from 'react';
import { download } from '../../shared/api/csv.ts';
import { receiveFile } from '../../shared/api/receive-file.ts';
import { useActing } from '../../shared/session/acting.ts';
import { Button } from '../../shared/ui/controls.tsx';
import { errorText } from '../../shared/ui/submission.tsx';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { type ExportFormat, exportFormats } from './export-address.ts';
import { dashboardWords } from './words.ts';

interface ExportButtonsProps {
  /** Where the file is, as of now. */
  address: (format: ExportFormat) => string;
  name: (format: ExportFormat) => string;
}

type Progress = { is: 'idle' | 'done' } | { is: 'receiving'; kilobytes: number } | { is: 'failed'; error: unknown };

/** The same as a file, in either format; one at a time, which may be long, and may be stopped. */
export function ExportButtons({ address, name }: ExportButtonsProps) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  const acting = useActing();
  const [progress, tell] = useState<Progress>({ is: 'idle' });
  const leaving = useRef<AbortController>(undefined);
  useEffect(() => () => leaving.current?.abort(), []);

  async function receive(format: ExportFormat) {
    if (!acting || progress.is === 'receiving') return;
    const { signal } = (leaving.current = new AbortController());
    const called = name(format);
    tell({ is: 'receiving', kilobytes: 0 });
    try {
      const file = await receiveFile(address(format), acting.session.token, signal, (bytes) =>
        // The same figure again renders nothing.
        tell((before) => withBytes(before, bytes)),
      );
      download(called, file);
      tell({ is: 'done' });
    } catch (error) {
      tell(signal.aborted ? { is: 'idle' } : { is: 'failed', error });
    }
  }

  return (
    <div className="exports">
      {exportFormats.map((format) => (
        <Button
          key={format}
          weight="plain"
          isPending={progress.is === 'receiving'}
          onPress={() => void receive(format)}
        >
          {words.exportAs(format)}
        </Button>
      ))}
      {progress.is === 'receiving' && (
        <Button weight="quiet" onPress={() => leaving.current?.abort()}>
          {words.stopExport}
        </Button>
      )}
      {/* Not in the live region, which would say each figure. */}
      {progress.is === 'receiving' && progress.kilobytes > 0 && (
        <p className="outcome number">{words.exporting(progress.kilobytes)}</p>
      )}
      <p className="outcome" role="status" data-tone={progress.is === 'failed' ? 'error' : 'none'}>
        {progress.is === 'done' && words.exported}
        {progress.is === 'failed' && errorText(progress.error, shared)}
      </p>
    </div>
  );
}

/** Told in steps: a figure that changes a hundred times a second cannot be read. */
const shownStep = 256;

function withBytes(before: Progress, bytes: number): Progress {
  const kilobytes = Math.floor(bytes / 1_000 / shownStep) * shownStep;
  if (before.is !== 'receiving' || before.kilobytes === kilobytes) return before;
  return { is: 'receiving', kilobytes };
}
