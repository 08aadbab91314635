import { useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import { type BikeCondition, ChangeBikeConditionDocument } from '../../../../schema/client/generated/graphql.ts';
import { ConfirmDialog } from '../../shared/ui/confirm.tsx';
import { Button, Choice } from '../../shared/ui/controls.tsx';
import { DialogForm } from '../../shared/ui/dialog-form.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { actsForOthers, useActing } from '../../shared/session/acting.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { Reason } from './reason.tsx';
import { conditions } from './table-address.ts';
import { fleetWords } from './words.ts';

interface ChangeConditionProps {
  bike: { bikeId: number; condition: BikeCondition };
}

/** Takes a bike out of service, or puts it back, and says why. */
export function ChangeCondition({ bike }: ChangeConditionProps) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const acting = useActing();
  const submission = useSubmission();
  const [isOpen, setOpen] = useState(false);
  const [condition, setCondition] = useState<BikeCondition>(bike.condition);
  const [reason, setReason] = useState('');
  if (!acting || !actsForOthers(acting.session)) return null;

  const wish = { bikeId: bike.bikeId, condition, reason: reason.trim() };
  async function change(client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { ...wish, idempotencyKey };
    const { refusal } = (await client.request(ChangeBikeConditionDocument, { input })).changeBikeCondition;
    if (refusal) return refused(refusal);
    return good(({ conditionNames }) => fleetWords[language].conditionIs(bike.bikeId, conditionNames[condition]));
  }

  return (
    <span className="act">
      {!isOpen && <OutcomeText submission={submission} />}
      <Button
        weight="plain"
        aria-label={`${words.change}, ${shared.bikeTitle(bike.bikeId)}`}
        onPress={() => {
          setCondition(bike.condition);
          setReason('');
          submission.forget();
          setOpen(true);
        }}
      >
        {words.change}
      </Button>
      <ConfirmDialog title={words.changeTitle(bike.bikeId)} isOpen={isOpen} onClose={() => setOpen(false)}>
        <DialogForm
          {...{ action: words.change, keep: words.keep, submission }}
          onSubmit={() => submission.submit(`change ${JSON.stringify(wish)}`, change)}
          onClose={() => setOpen(false)}
        >
          <Choice
            label={words.condition}
            options={conditions.map((key) => ({ key, label: shared.conditionNames[key] }))}
            chosen={condition}
            onChoose={setCondition}
          />
          <Reason value={reason} onChange={setReason} />
        </DialogForm>
      </ConfirmDialog>
    </span>
  );
}
