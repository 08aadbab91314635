import { useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import {
  CancelReservationDocument,
  type RefusalFieldsFragment,
  type ReserveStatus,
  ReturnBikeDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { useTariff } from '../../shared/api/use-tariff.ts';
import { ConfirmDialog } from '../../shared/ui/confirm.tsx';
import { Button } from '../../shared/ui/controls.tsx';
import { DialogForm } from '../../shared/ui/dialog-form.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { actsForOthers, useActing } from '../../shared/session/acting.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
import { Reason } from './reason.tsx';
import { fleetWords } from './words.ts';

type Force = 'cancel' | 'return';

interface ForceProps {
  reservation: { reserveNo: number; reserveStatus: ReserveStatus; fee: number | string };
}

const forces: Readonly<Partial<Record<ReserveStatus, readonly Force[]>>> = {
  PENDING: ['cancel'],
  RESERVED: ['cancel', 'return'],
  IN_USE: ['return'],
};

/** Ends a reservation or ride that its rider does not end. */
export function Force({ reservation: { reserveNo, reserveStatus, fee } }: ForceProps) {
  const { overtimeFreeMinutes } = useTariff();
  const words = useWords(fleetWords);
  const acting = useActing();
  const submission = useSubmission();
  const [asked, setAsked] = useState<Force | null>(null);
  const [reason, setReason] = useState('');
  if (!acting || !actsForOthers(acting.session)) return null;

  const wish = { reserveNo, reason: reason.trim() };
  async function end(force: Force, client: Client, idempotencyKey: string): Promise<Outcome> {
    const refusal = await send(force, { ...wish, idempotencyKey }, client);
    if (refusal) return refused(refusal);
    const status = force === 'cancel' ? 'CANCELLED' : 'RETURNED';
    return good((shared) => shared.reservationIs(reserveNo, shared.statusNames[status]));
  }

  return (
    <span className="act">
      {!asked && <OutcomeText submission={submission} />}
      {forces[reserveStatus]?.map((force) => (
        <Button
          key={force}
          weight={force === 'cancel' ? 'danger' : 'plain'}
          aria-label={words.forceTitle[force](reserveNo)}
          onPress={() => {
            submission.forget();
            setReason('');
            setAsked(force);
          }}
        >
          {words.force[force]}
        </Button>
      ))}
      {asked && (
        <ConfirmDialog title={words.forceTitle[asked](reserveNo)} isOpen onClose={() => setAsked(null)}>
          <DialogForm
            {...{ action: words.force[asked], keep: words.keep, weight: 'danger', submission }}
            onSubmit={() =>
              submission.submit(`${asked} ${JSON.stringify(wish)}`, (client, key) => end(asked, client, key))
            }
            onClose={() => setAsked(null)}
          >
            <p>{words.forceHint[asked](fee, overtimeFreeMinutes)}</p>
            <Reason value={reason} onChange={setReason} />
          </DialogForm>
        </ConfirmDialog>
      )}
    </span>
  );
}

async function send(
  force: Force,
  input: { reserveNo: number; reason: string; idempotencyKey: string },
  client: Client,
): Promise<RefusalFieldsFragment | null | undefined> {
  if (force === 'cancel') return (await client.request(CancelReservationDocument, { input })).cancelReservation.refusal;
  return (await client.request(ReturnBikeDocument, { input })).returnBike.refusal;
}
