import './tiles.css';
import { memo, type ReactNode } from 'react';
import { Icon } from '../../shared/ui/icons.tsx';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
import type { BikeState } from './board-state.ts';
import type { Totals } from './dashboard-state.ts';
import { dashboardWords } from './words.ts';

const bikeStates = ['available', 'reserved', 'inUse', 'outOfService'] as const satisfies readonly BikeState[];

/** Where the bikes are. */
export const FleetTile = memo(function FleetTile({ totals }: { totals: Totals }) {
  const words = useWords(dashboardWords);
  const parts = bikeStates.map((part) => ({ part, label: words.bikeState[part], count: totals[part] }));
  return (
    <section className="card fleet" aria-labelledby="fleet-title">
      <h2 id="fleet-title">
        {words.fleet} <span className="aside number">{words.allBikes(totals.bikes)}</span>
      </h2>
      <div className="fleet-bar" aria-hidden="true">
        {parts.map(({ part, count }) => (
          <span key={part} data-part={part} style={{ flexGrow: count }} hidden={count === 0} />
        ))}
      </div>
      <dl className="figures">
        {parts.map(({ part, label, count }) => (
          <Figure key={part} part={part} label={label} value={count} />
        ))}
      </dl>
    </section>
  );
});

/** Where the points went, and whether the books agree. */
export const PointsTile = memo(function PointsTile({ totals }: { totals: Totals }) {
  const words = useWords(dashboardWords);
  return (
    <section className="card points" aria-labelledby="points-title">
      <h2 id="points-title">
        {words.pointsToday} <LedgerCheck imbalance={totals.ledgerImbalance} />
      </h2>
      <dl className="figures">
        <Figure label={words.bought} value={totals.pointsPurchasedToday} />
        <Figure label={words.spent} value={totals.pointsSpentToday} />
        <Figure label={words.restored} value={totals.pointsRestoredToday} />
        <Figure label={words.inCirculation} value={totals.pointsInCirculation} />
      </dl>
    </section>
  );
});

function LedgerCheck({ imbalance }: { imbalance: Totals['ledgerImbalance'] }) {
  const words = useWords(dashboardWords);
  const balanced = BigInt(imbalance) === 0n;
  return (
    <span className="pill" data-tone={balanced ? 'good' : 'bad'}>
      <Icon>
        <path d={balanced ? 'M2.5 8.5l3.5 4 7.5-9' : 'M8 2v7.5M8 13.5v.01'} />
      </Icon>
      <span>{balanced ? words.ledgerBalanced : words.ledgerWrong(imbalance)}</span>
    </span>
  );
}

export function Figure({ part, label, value }: { part?: string; label: ReactNode; value: number | string }) {
  return (
    <div data-zero={Number(value) === 0}>
      <dt>
        {part && <span className="key" data-part={part} aria-hidden="true" />}
        {label}
      </dt>
      <dd className="number" translate="no">
        {formatCount(value)}
      </dd>
    </div>
  );
}
