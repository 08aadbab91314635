import './table-head.css';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { Icon } from '../../shared/ui/icons.tsx';
import type { SortKey, TableView } from './table-view.ts';
import { dashboardWords } from './words.ts';

interface TableHeadProps {
  view: TableView;
  onView: (view: TableView) => void;
  /** The column whose title is the table's stop for the Tab key, if one is. */
  stop: SortKey | null;
}

/** Column titles that sort; on a phone, where there are no columns, a choice of them. */
export function TableHead({ view, onView, stop }: TableHeadProps) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  const columns: [SortKey, string][] = [
    ['reserveNo', shared.reserveNo],
    ['reserveStatus', shared.status],
    ['bikeId', shared.bike],
    ['userId', shared.rider],
    ['reserveDateTime', `${words.reservedAt} (KST)`],
    ['returnDateTime', `${words.returnedAt} (KST)`],
    ['updatedAt', words.changed],
  ];
  const direction = view.descending ? 'descending' : 'ascending';
  /** Numbers and times are looked at from the newest, names from the first. */
  const sortBy = (key: SortKey) =>
    onView({
      ...view,
      sort: key,
      descending: view.sort === key ? !view.descending : key !== 'userId' && key !== 'bikeId',
    });
  return (
    <div role="rowgroup" className="table-head">
      <div role="row" className="row" aria-rowindex={1}>
        {columns.map(([key, title]) => (
          <div key={key} role="columnheader" aria-sort={view.sort === key ? direction : 'none'} data-column={key}>
            <button type="button" tabIndex={key === stop ? 0 : -1} onClick={() => sortBy(key)}>
              <span>{title}</span>
              <Icon>{view.sort === key && <path d={view.descending ? 'M4 6l4 5 4-5' : 'M4 10l4-5 4 5'} />}</Icon>
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}
