import './parked-event.css';
import { useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import {
  DiscardParkedEventDocument,
  type ParkedEventFieldsFragment,
  RedriveParkedEventDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { ConfirmDialog } from '../../shared/ui/confirm.tsx';
import { Button } from '../../shared/ui/controls.tsx';
import { DialogForm } from '../../shared/ui/dialog-form.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { isAdmin, useActing } from '../../shared/session/acting.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { At } from './at.tsx';
import { Reason } from './reason.tsx';
import { fleetWords } from './words.ts';

interface ParkedEventProps {
  event: ParkedEventFieldsFragment;
}

/** One parked event: a summary line that opens to all its details. */
export function ParkedEvent({ event }: ParkedEventProps) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const name = event.eventType ? shared.event(event.eventType) : words.unreadable;
  return (
    <article className="parked-event" data-event-id={event.id} aria-label={`${name}, ${event.subject}`}>
      <details>
        <summary>
          <strong>{name}</strong>
          <span className="pill">{words.errorClass[event.errorClass]}</span>
          <span className="aside">
            {event.service} ← {event.subject}
            {typeof event.version === 'number' && `@${event.version}`}
          </span>
          <span className="aside">
            <At time={event.firstAt} />
          </span>
        </summary>
        <dl className="facts">
          <div>
            <dt>{words.tries}</dt>
            <dd className="number">{formatCount(event.attempts)}</dd>
          </div>
          <div>
            <dt>{words.lastTry}</dt>
            <dd>
              <At time={event.lastAt} />
            </dd>
          </div>
          <div>
            <dt>{words.correlationId}</dt>
            <dd>{event.correlationId ?? '–'}</dd>
          </div>
          {event.reason && (
            <div>
              <dt>{words.reason}</dt>
              <dd>{event.reason}</dd>
            </div>
          )}
        </dl>
        <Text title={words.whatFailed} text={event.error} />
        <Text title={words.payload} text={event.payload} />
        <Text title={words.stack} text={event.stack} />
        {event.actions.map((action) => (
          <p key={action.at} className="aside">
            <At time={action.at} /> · {words.actionBy[action.kind](action.by)}
            {action.reason && <q>{action.reason}</q>}
          </p>
        ))}
      </details>
      <p className="parked-error">{event.error}</p>
      <Settle event={event} />
    </article>
  );
}

function Text({ title, text }: { title: string; text: string }) {
  if (!text) return null;
  return (
    <figure>
      <figcaption className="aside">{title}</figcaption>
      <pre tabIndex={0}>{text}</pre>
    </figure>
  );
}

function Settle({ event }: ParkedEventProps) {
  const words = useWords(fleetWords);
  const { language } = useSpeech();
  const acting = useActing();
  const submission = useSubmission();
  const [isGivingUp, setGivingUp] = useState(false);
  const [reason, setReason] = useState('');
  if (!acting || !isAdmin(acting.session) || event.status !== 'PARKED') return null;

  async function redrive(client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { id: event.id, idempotencyKey };
    const { redriven, refusal } = (await client.request(RedriveParkedEventDocument, { input })).redriveParkedEvent;
    return refusal ? refused(refusal) : good(() => fleetWords[language].redriven(redriven));
  }
  async function discard(client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { id: event.id, reason: reason.trim(), idempotencyKey };
    const { redriven, refusal } = (await client.request(DiscardParkedEventDocument, { input })).discardParkedEvent;
    return refusal ? refused(refusal) : good(() => fleetWords[language].discarded(redriven));
  }
  return (
    <div className="act">
      {!isGivingUp && <OutcomeText submission={submission} />}
      <Button
        onPress={() => void submission.submit(`redrive ${event.id} ${event.lastAt}`, redrive)}
        isPending={submission.pending}
      >
        {words.redrive}
      </Button>
      <Button
        weight="danger"
        onPress={() => {
          submission.forget();
          setReason('');
          setGivingUp(true);
        }}
      >
        {words.discard}
      </Button>
      <ConfirmDialog title={words.discardTitle} isOpen={isGivingUp} onClose={() => setGivingUp(false)}>
        <DialogForm
          {...{ action: words.discard, keep: words.keep, weight: 'danger', submission }}
          onSubmit={() => submission.submit(`discard ${event.id} ${event.lastAt} ${reason.trim()}`, discard)}
          onClose={() => setGivingUp(false)}
        >
          <p>{words.discardHint}</p>
          <Reason value={reason} onChange={setReason} />
        </DialogForm>
      </ConfirmDialog>
    </div>
  );
}
