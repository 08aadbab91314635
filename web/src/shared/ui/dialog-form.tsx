import type { ReactNode, SubmitEvent } from 'react';
import { DialogActions } from './confirm.tsx';
import { Button } from './controls.tsx';
import { type Outcome, OutcomeText, type Submission } from './submission.tsx';

interface DialogFormProps {
  /** What the button does that acts, and what the one says that does not. */
  action: string;
  keep: string;
  weight?: 'danger';
  submission: Submission;
  /** Resolves with how it went; what went well closes the dialog. */
  onSubmit: () => Promise<Outcome | null>;
  onClose: () => void;
  /** What is asked. */
  children: ReactNode;
}

/** A question whose answer needs more than a click: fields, how it went, and the two buttons. */
export function DialogForm({ action, keep, weight, submission, onSubmit, onClose, children }: DialogFormProps) {
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const outcome = await onSubmit();
    if (outcome?.tone === 'good') onClose();
  }
  return (
    <form className="dialog-form" onSubmit={(event) => void submit(event)}>
      {children}
      <OutcomeText submission={submission} />
      <DialogActions>
        <Button weight="quiet" onPress={onClose}>
          {keep}
        </Button>
        <Button type="submit" {...(weight && { weight })} isPending={submission.pending}>
          {action}
        </Button>
      </DialogActions>
    </form>
  );
}
