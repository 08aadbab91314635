/** The connection broke before the subgraph said anything: it was closing, or gone. */
export class BrokenConnection extends Error {
  override name = 'BrokenConnection';
}

/** Each request earns a part of a retry, so that an outage is not answered with twice the load. */
const retriesPerRequest = 0.1;
const mostRetries = 10;

/** Repeats what a broken connection lost, once, within a budget. Only for what may be done twice. */
export function createRetry(onRetry: () => void) {
  let budget = mostRetries;
  return <Result>(work: () => Promise<Result>): Promise<Result> => {
    budget = Math.min(mostRetries, budget + retriesPerRequest);
    return work().catch((error: unknown) => {
      if (!(error instanceof BrokenConnection) || budget < 1) throw error;
      budget -= 1;
      onRetry();
      return work();
    });
  };
}
