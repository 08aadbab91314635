import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';
import type { LiveTabs } from './live-tabs.ts';
import { type Numbers, withNumbers } from './numbers.ts';

/** What the fetcher and the tabs know of each other. */
export interface Tabs {
  /** Another tab is looked at; these are all there are. */
  look(tab: string, all: readonly string[]): void;
  live: LiveTabs;
  /** The newest that were answered. */
  numbers(): Numbers;
}

/**
 * Within GraphiQL: a tab that is looked at again shows how its subscription went on, and one that takes the number of a
 * bike or a reservation has the newest.
 */
export function TabKeeper({ tabs }: { tabs: Tabs }) {
  const ids = useGraphiQL((state) => state.tabs.map(({ id }) => id).join(' '));
  const current = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.id ?? '');
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const hasEditor = useGraphiQL((state) => state.queryEditor !== undefined);
  const { run } = useGraphiQLActions();
  /** Variables that were filled in here, by tab, so that it never overwrites what the user wrote. */
  const putIn = useRef(new Map<string, string>());
  useEffect(() => {
    tabs.look(current, ids.split(' '));
  }, [tabs, current, ids]);
  useEffect(() => {
    if (hasEditor && tabs.live.isLive(current)) run();
  }, [tabs, current, hasEditor, run]);
  useEffect(() => {
    const written = variableEditor?.getValue() ?? '';
    const isOurs = /^\{ "(bikeId|reserveNo)": \d+ \}$/.test(written.trim());
    const before = putIn.current.get(current);
    if (!isOurs || (before !== undefined && before !== written)) return;
    const news = withNumbers(written, tabs.numbers());
    putIn.current.set(current, news ?? written);
    if (news !== null) variableEditor?.setValue(news);
  }, [tabs, current, variableEditor]);
  return null;
}
