import './table.css';
import type { ReactNode } from 'react';
import { Button, Field } from '../../shared/ui/controls.tsx';
import { Icon } from '../../shared/ui/icons.tsx';
import { errorText } from '../../shared/ui/submission.tsx';
import { GraphqlRequestError } from '../../../../schema/client/client.ts';
import { type District, districtNames, districts } from '../../../../schema/places.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import type { PagePlace } from './table-address.ts';
import { fleetWords } from './words.ts';

export interface Column<Key extends string> {
  key: Key;
  title: string;
  isNumeric?: boolean;
}

interface SheetProps<Key extends string> {
  label: string;
  columns: readonly Column<Key>[];
  sort: Key;
  descending: boolean;
  onSort: (order: { sort: Key; descending: boolean }) => void;
  /** What can be done with a row. */
  hasActions: boolean;
  /** Whether rows can be picked, and all of this page are. */
  picking?: { isAll: boolean; onAll: (isAll: boolean) => void };
  children: ReactNode;
}

/** A page of rows, whose titles sort the whole list and stay in sight. */
export function Sheet<Key extends string>(props: SheetProps<Key>) {
  const { label, columns, sort, descending, onSort, hasActions, picking, children } = props;
  const words = useWords(fleetWords);
  return (
    <div className="sheet-scroll">
      <table className="sheet" aria-label={label}>
        <thead>
          <tr>
            {picking && (
              <th scope="col">
                <input
                  type="checkbox"
                  className="pick"
                  aria-label={words.bulk.pickPage}
                  checked={picking.isAll}
                  onChange={({ target }) => picking.onAll(target.checked)}
                />
              </th>
            )}
            {columns.map(({ key, title, isNumeric }) => (
              <th
                key={key}
                scope="col"
                data-numeric={isNumeric}
                aria-sort={sort === key ? (descending ? 'descending' : 'ascending') : 'none'}
              >
                <button type="button" onClick={() => onSort({ sort: key, descending: sort === key && !descending })}>
                  <span>{title}</span>
                  <Icon>{sort === key && <path d={descending ? 'M4 6l4 5 4-5' : 'M4 10l4-5 4 5'} />}</Icon>
                </button>
              </th>
            ))}
            {hasActions && (
              <th scope="col">
                <span className="visually-hidden">{words.actions}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export interface ListPage {
  totalCount: number;
  rowsBefore: number;
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor?: string | null;
    endCursor?: string | null;
  };
  nodes: readonly unknown[];
}

interface PagerProps {
  page: ListPage;
  onPage: (place: PagePlace) => void;
  /** What can be done with the rows of the page. */
  children?: ReactNode;
}

/** Which rows these are, and the way to others. */
export function Pager({ page, onPage, children }: PagerProps) {
  const words = useWords(fleetWords);
  const { rowsBefore, nodes, totalCount, pageInfo } = page;
  const { hasPreviousPage, hasNextPage, startCursor, endCursor } = pageInfo;
  return (
    <div className="pager">
      <p className="aside number" role="status">
        {words.rows(rowsBefore + 1, rowsBefore + nodes.length, totalCount)}
      </p>
      {children}
      {hasPreviousPage && (
        <>
          <Button weight="quiet" onPress={() => onPage(null)}>
            {words.firstPage}
          </Button>
          <Button weight="plain" onPress={() => onPage(startCursor ? { before: startCursor } : null)}>
            {words.previous}
          </Button>
        </>
      )}
      {hasNextPage && endCursor && (
        <Button weight="plain" onPress={() => onPage({ after: endCursor })}>
          {words.next}
        </Button>
      )}
    </div>
  );
}

/** The page that an address names may be of another order, or of no list. */
export function WrongPage({ error, onFirst }: { error: unknown; onFirst: () => void }) {
  const shared = useSharedWords();
  const isWrong = error instanceof GraphqlRequestError && error.code === 'BAD_USER_INPUT';
  if (isWrong) return <NoSuchPage onFirst={onFirst} />;
  return (
    <p className="empty" role="status">
      {errorText(error, shared)}
    </p>
  );
}

/** … or its rows have moved to others. */
export function NoSuchPage({ onFirst }: { onFirst: () => void }) {
  const words = useWords(fleetWords);
  return (
    <div className="empty" role="status">
      <p>{words.noSuchPage}</p>
      <Button onPress={onFirst}>{words.firstPage}</Button>
    </div>
  );
}

interface ChoiceFilterProps<Key extends string> {
  label: string;
  name: string;
  /** What stands there while nothing is chosen. */
  any: string;
  options: readonly Key[];
  labelOf: (key: Key) => string;
  chosen: Key | null;
  onChoose: (key: Key | null) => void;
}

/** Narrows a table to rows with one of some values. */
export function ChoiceFilter<Key extends string>(props: ChoiceFilterProps<Key>) {
  const { label, name, any, options, labelOf, chosen, onChoose } = props;
  return (
    <Field label={label}>
      {(ids) => (
        <select
          {...ids}
          name={name}
          value={chosen ?? ''}
          onChange={({ target }) => onChoose(options.find((option) => option === target.value) ?? null)}
        >
          <option value="">{any}</option>
          {options.map((option) => (
            <option key={option} value={option}>
              {labelOf(option)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Narrows a table to one district. */
export function DistrictFilter({ chosen, onChoose }: Pick<ChoiceFilterProps<District>, 'chosen' | 'onChoose'>) {
  const words = useWords(fleetWords);
  const { language } = useSpeech();
  return (
    <ChoiceFilter
      {...{ label: words.district, name: 'district', any: words.anyDistrict, chosen, onChoose }}
      options={districtNames}
      labelOf={(name) => districts[name][language]}
    />
  );
}

/** How many rows a page has: a screen or two. */
export const rowsPerPage = 50;

export const pageOf = (place: PagePlace, size = rowsPerPage) =>
  place && 'before' in place ? { last: size, before: place.before } : { first: size, after: place?.after ?? null };
