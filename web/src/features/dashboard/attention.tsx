import './attention.css';
import { useMemo } from 'react';
import { linkToTab } from '../../app/links.ts';
import { Icon } from '../../shared/ui/icons.tsx';
import { useClock } from '../../shared/i18n/clock.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import type { Picture } from './dashboard-state.ts';
import { isExpiring, isOverdue, linkToConcern } from './table-view.ts';
import { useLimits } from './use-limits.ts';
import { dashboardWords } from './words.ts';

const countEveryMs = 5_000;

/** What may need a person; each line leads to the rows behind its number. */
export function Attention({ picture: { rows, lag } }: { picture: Picture }) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  const moment = useClock((now) => Math.floor(now / countEveryMs)) * countEveryMs;
  const limits = useLimits();
  const [expiring, overdue] = useMemo(
    () => [
      rows.filter(({ row }) => isExpiring(row, moment, limits)).length,
      limits.overdueMs === null ? null : rows.filter(({ row }) => isOverdue(row, moment, limits)).length,
    ],
    [rows, moment, limits],
  );
  return (
    <section className="card attention" aria-labelledby="attention-title">
      <h2 id="attention-title">{words.attention}</h2>
      <ul>
        <Concern
          href={linkToConcern('expiring')}
          label={words.expiring}
          hint={words.expiringHint(limits.expiringMs)}
          count={expiring}
        />
        <Concern
          href={linkToConcern('overdue')}
          label={words.overdue(limits.overdueMs)}
          hint={words.overdueHint}
          count={overdue}
        />
        <Concern
          href={linkToTab('parked')}
          label={shared.parkedEvents}
          hint={words.parkedHint}
          count={lag.parkedEvents}
        />
      </ul>
    </section>
  );
}

interface ConcernProps {
  href: string;
  label: string;
  hint: string;
  /** Null when it is not known. */
  count: number | null;
}

function Concern({ href, label, hint, count }: ConcernProps) {
  const words = useWords(dashboardWords);
  return (
    <li>
      <a href={href} className="concern" data-zero={count === 0}>
        <span className="concern-sign" aria-hidden="true">
          <Icon>
            <path d={count === 0 ? 'M2.5 8.5l3.5 4 7.5-9' : 'M8 3v6M8 12.8v.01'} />
          </Icon>
        </span>
        <span className="concern-label">
          <span>{label}</span> <span className="aside">{hint}</span>
        </span>
        <strong className="number" translate="no">
          {count === null ? '–' : count === 0 ? words.nothingUrgent : formatCount(count)}
        </strong>
      </a>
    </li>
  );
}
