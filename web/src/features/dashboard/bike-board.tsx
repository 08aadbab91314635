import './bike-board.css';
import { type KeyboardEvent, memo, useMemo, useRef, useState } from 'react';
import { BikeConditionsDocument } from '../../../../schema/client/generated/graphql.ts';
import { Empty, LinkButton, Skeleton } from '../../shared/ui/controls.tsx';
import { allPages } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { actsForOthers, useActing } from '../../shared/session/acting.ts';
import { linkTo, linkToTab } from '../../app/links.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { type BikeState, boardOf } from './board-state.ts';
import type { ShownRow, Totals } from './dashboard-state.ts';
import { usePaced } from './use-paced.ts';
import { dashboardWords } from './words.ts';

/** More cells cannot be taken in at a glance; the fleet page lists all bikes. */
const cellsShown = 400;

/** A fleet that changes often is not asked for more often than this. */
const askEveryMs = 1_500;
const conditions = allPages(
  BikeConditionsDocument,
  (after) => ({ first: 200, after }),
  (answer) => answer.bikes,
  cellsShown,
);

interface BikeBoardProps {
  rows: readonly ShownRow[];
  totals: Totals;
}

/** Every bike as a cell with its number, in the color and pattern of its state. */
export const BikeBoard = memo(function BikeBoard({ rows, totals }: BikeBoardProps) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  const acting = useActing();
  const mayRegister = acting !== null && actsForOthers(acting.session);
  // What the feed says about bikes are these two counts; when one changes, the fleet is asked for again.
  const version = usePaced(`${totals.bikes} ${totals.outOfService}`, askEveryMs);
  const {
    data: bikes,
    error,
    isWaiting,
  } = useAnswer({ ...conditions, key: [...conditions.key, version] }, { keepsLast: true });
  const cells = useMemo(() => boardOf(bikes ?? [], rows), [bikes, rows]);
  return (
    <section className="card bikes" aria-labelledby="bikes-title">
      <h2 id="bikes-title">
        {words.board}
        {cells.length < totals.bikes && bikes && (
          <span className="aside number">{words.boardShows(cells.length, totals.bikes)}</span>
        )}
      </h2>
      {totals.bikes === 0 ? (
        <Empty title={shared.noBikes}>
          {mayRegister && <LinkButton href={linkToTab('register')}>{shared.registerBikes}</LinkButton>}
        </Empty>
      ) : isWaiting ? (
        <Skeleton label={shared.loading} lines={6} />
      ) : !bikes && error ? (
        <p className="empty">{words.boardAway}</p>
      ) : (
        <Cells cells={cells} />
      )}
    </section>
  );
});

/** One stop for the Tab key, arrow keys within. */
function Cells({ cells }: { cells: readonly { bikeId: number; state: BikeState }[] }) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  const list = useRef<HTMLUListElement>(null);
  const [current, setCurrent] = useState(0);
  const reachable = Math.min(current, cells.length - 1);
  function move(event: KeyboardEvent) {
    const links = [...(list.current?.querySelectorAll('a') ?? [])];
    const place = links.findIndex((link) => link === document.activeElement);
    const next = place + (stepOf(event.key, links) ?? NaN);
    if (!links[next]) return;
    event.preventDefault();
    links[next].focus();
    setCurrent(next);
  }
  return (
    <ul className="cells" ref={list} onKeyDown={move}>
      {cells.map(({ bikeId, state }, place) => (
        <Cell
          key={bikeId}
          bikeId={bikeId}
          state={state}
          label={shared.bikeIs(bikeId, words.bikeState[state])}
          reachable={place === reachable}
        />
      ))}
    </ul>
  );
}

/** How many cells an arrow key moves; a row is as long as the screen makes it. */
function stepOf(key: string, links: readonly HTMLElement[]): number | undefined {
  if (key === 'ArrowRight') return 1;
  if (key === 'ArrowLeft') return -1;
  const top = links[0]?.getBoundingClientRect().top;
  const perRow = links.findIndex((link) => link.getBoundingClientRect().top !== top);
  if (key === 'ArrowDown') return perRow;
  if (key === 'ArrowUp') return -perRow;
  return undefined;
}

interface CellProps {
  bikeId: number;
  state: BikeState;
  label: string;
  reachable: boolean;
}

const Cell = memo(function Cell({ bikeId, state, label, reachable }: CellProps) {
  return (
    <li>
      <a
        href={linkTo('bike', bikeId)}
        className="cell number"
        data-part={state}
        aria-label={label}
        title={label}
        tabIndex={reachable ? 0 : -1}
      >
        <span>{bikeId}</span>
      </a>
    </li>
  );
});
