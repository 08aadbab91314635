import { Button } from '../../shared/ui/controls.tsx';
import { useWords } from '../../shared/i18n/speech.tsx';
import { rideWords } from './words.ts';

/** Overtime that the points did not pay: what it prevents, and how it goes. */
export function Debt({ debt, onBuy }: { debt: number | string; onBuy: () => void }) {
  const words = useWords(rideWords);
  if (BigInt(debt) === 0n) return null;
  return (
    <div className="notice" data-tone="bad" role="status">
      <strong>{words.debt(debt)}</strong>
      <span>{words.debtHint}</span>
      <Button onPress={onBuy}>{words.buyEnough}</Button>
    </div>
  );
}
