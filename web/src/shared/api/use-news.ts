import { useEffect, useRef } from 'react';

/**
 * Asks again after an event that may have changed the answer: at most once in so many milliseconds.
 * @param news another value each time something happened.
 */
export function useNews(news: number | string | undefined, soonestMs: number, ask: () => void): void {
  const asking = useRef(ask);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    asking.current = ask;
  });
  useEffect(() => {
    if (news === undefined) return;
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      asking.current();
    }, soonestMs);
  }, [news, soonestMs]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
}
