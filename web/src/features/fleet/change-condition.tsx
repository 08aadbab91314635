import { type SubmitEvent, useState } from 'react';
import { type BikeCondition, ChangeBikeConditionDocument } from '../../../../schema/client/generated/graphql.ts';
import { useIntention } from '../../shared/api/use-intention.ts';
import { ConfirmDialog, DialogActions } from '../../shared/ui/confirm.tsx';
import { Button, Choice } from '../../shared/ui/controls.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { actsForOthers, useActing } from '../../shared/session/acting.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { Reason } from './reason.tsx';
import { fleetWords } from './words.ts';

export const conditions = ['IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED'] as const satisfies BikeCondition[];

interface ChangeConditionProps {
  bike: { bikeId: number; condition: BikeCondition };
  onDone: () => Promise<void>;
}

/** Takes a bike out of service, or puts it back, and says why. */
export function ChangeCondition({ bike, onDone }: ChangeConditionProps) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const acting = useActing();
  const submission = useSubmission();
  const intention = useIntention();
  const [isOpen, setOpen] = useState(false);
  const [condition, setCondition] = useState<BikeCondition>(bike.condition);
  const [reason, setReason] = useState('');
  if (!acting || !actsForOthers(acting.session)) return null;

  async function change(client: NonNullable<typeof acting>['client']): Promise<Outcome> {
    const wish = { bikeId: bike.bikeId, condition, reason: reason.trim() };
    const input = { ...wish, idempotencyKey: intention.keyFor(JSON.stringify(wish)) };
    const { refusal } = (await client.request(ChangeBikeConditionDocument, { input })).changeBikeCondition;
    intention.settled();
    if (refusal) return refused(refusal);
    return good(({ conditionNames }) => fleetWords[language].conditionIs(bike.bikeId, conditionNames[condition]));
  }
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (!acting) return;
    const outcome = await submission.submit(() => change(acting.client));
    await onDone();
    if (outcome?.tone !== 'good') return;
    setOpen(false);
    setReason('');
  }

  return (
    <span className="act">
      {!isOpen && <OutcomeText submission={submission} />}
      <Button
        weight="plain"
        aria-label={`${words.change}, ${words.bikeTitle(bike.bikeId)}`}
        onPress={() => {
          setCondition(bike.condition);
          submission.forget();
          setOpen(true);
        }}
      >
        {words.change}
      </Button>
      <ConfirmDialog title={words.changeTitle(bike.bikeId)} isOpen={isOpen} onClose={() => setOpen(false)}>
        <form className="dialog-form" onSubmit={(event) => void submit(event)}>
          <Choice
            label={words.condition}
            options={conditions.map((key) => ({ key, label: shared.conditionNames[key] }))}
            chosen={condition}
            onChoose={setCondition}
          />
          <Reason value={reason} onChange={setReason} />
          <OutcomeText submission={submission} />
          <DialogActions>
            <Button weight="quiet" onPress={() => setOpen(false)}>
              {words.keep}
            </Button>
            <Button type="submit" isPending={submission.pending}>
              {words.change}
            </Button>
          </DialogActions>
        </form>
      </ConfirmDialog>
    </span>
  );
}
