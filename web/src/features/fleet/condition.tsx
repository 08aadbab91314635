import './condition.css';
import type { BikeCondition } from '../../../../schema/client/generated/graphql.ts';
import { useSharedWords } from '../../shared/i18n/speech.tsx';

/** A bike's condition, with a shape of its own: its color is never the only sign. */
export function Condition({ condition }: { condition: BikeCondition }) {
  const shared = useSharedWords();
  return (
    <span className="condition" data-condition={condition}>
      {shared.conditionNames[condition]}
    </span>
  );
}
