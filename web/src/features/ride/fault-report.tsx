import { useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import { type FaultKind, ReportFaultDocument } from '../../../../schema/client/generated/graphql.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { ConfirmDialog } from '../../shared/ui/confirm.tsx';
import { Button, Field } from '../../shared/ui/controls.tsx';
import { DialogForm } from '../../shared/ui/dialog-form.tsx';
import { NoteField } from '../../shared/ui/fields.tsx';
import {
  good,
  type Outcome,
  OutcomeText,
  refused,
  type Submission,
  useSubmission,
} from '../../shared/ui/submission.tsx';
import { rideWords } from './words.ts';

/** A rider says what of a bike is broken. */
export function FaultReport({ bikeId }: { bikeId: number }) {
  const words = useWords(rideWords);
  const submission = useSubmission();
  const [isOpen, setOpen] = useState(false);
  const open = () => {
    submission.forget();
    setOpen(true);
  };
  return (
    <>
      <Button weight="quiet" className="report-button" onPress={open}>
        {words.reportFault}
      </Button>
      {!isOpen && <OutcomeText submission={submission} />}
      <ConfirmDialog title={words.faultTitle(bikeId)} isOpen={isOpen} onClose={() => setOpen(false)}>
        <FaultForm bikeId={bikeId} submission={submission} onClose={() => setOpen(false)} />
      </ConfirmDialog>
    </>
  );
}

interface FaultFormProps {
  bikeId: number;
  submission: Submission;
  onClose: () => void;
}

function FaultForm({ bikeId, submission, onClose }: FaultFormProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const [kind, setKind] = useState<FaultKind>('BRAKES');
  const [note, setNote] = useState('');

  async function report(client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { bikeId, kind, note: note.trim(), idempotencyKey };
    const { refusal } = (await client.request(ReportFaultDocument, { input })).reportFault;
    return refusal ? refused(refusal) : good(() => rideWords[language].faultReported);
  }
  const wish = `fault ${JSON.stringify([bikeId, kind, note.trim()])}`;

  return (
    <DialogForm
      {...{ action: words.report, keep: shared.close, submission, onClose }}
      onSubmit={() => submission.submit(wish, report)}
    >
      <p>{words.faultHint}</p>
      <Field label={words.faultKind}>
        {(ids) => (
          <select {...ids} name="kind" value={kind} onChange={(event) => setKind(event.target.value as FaultKind)}>
            {Object.entries(shared.faultNames).map(([key, name]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <NoteField name="note" label={words.reportNote} value={note} onChange={setNote} />
    </DialogForm>
  );
}
