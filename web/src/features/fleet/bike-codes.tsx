import { lazy, Suspense, useState } from 'react';
import { ConfirmDialog, DialogActions } from '../../shared/ui/confirm.tsx';
import { Button, Skeleton } from '../../shared/ui/controls.tsx';
import { Fence } from '../../shared/ui/fence.tsx';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { fleetWords } from './words.ts';

/** Loaded with what draws the codes, when somebody asks for them. */
const CodeSheet = lazy(() => import('./code-sheet.tsx'));

/** The codes that stand on bikes: on the screen for a camera, on paper to be stuck on. */
export function BikeCodes({ bikeIds }: { bikeIds: readonly number[] }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const [isOpen, setOpen] = useState(false);
  return (
    <span className="act">
      <Button weight="plain" onPress={() => setOpen(true)}>
        {words.codes(bikeIds.length)}
      </Button>
      <ConfirmDialog title={words.codes(bikeIds.length)} isOpen={isOpen} onClose={() => setOpen(false)}>
        <DialogActions>
          <Button onPress={() => print()}>{words.print}</Button>
        </DialogActions>
        <Fence>
          <Suspense fallback={<Skeleton label={shared.loading} lines={4} />}>
            <CodeSheet bikeIds={bikeIds} />
          </Suspense>
        </Fence>
      </ConfirmDialog>
    </span>
  );
}
