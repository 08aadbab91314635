/** setTimeout waits no longer (25 days), and not at all when told to. */
const longestMs = 2 ** 31 - 1;

/** Calls at a time, in ms since 1970, however far. @returns what calls it off. */
export function callAt(atMs: number, call: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = () => {
    const leftMs = atMs - Date.now();
    timer = setTimeout(leftMs > longestMs ? wait : call, Math.min(leftMs, longestMs));
  };
  wait();
  return () => clearTimeout(timer);
}
