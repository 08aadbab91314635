/** Keeps requests from a subgraph that fails, so that clients need not wait for it and it can recover. */
export interface Breaker {
  /** Undefined while it must not be asked. Otherwise the request that begins says how it ended, once. */
  enter(): Attempt | undefined;
  isOpen(): boolean;
}

/** `answered`, `failed`, or neither because it was given up. */
export type Attempt = (outcome: 'answered' | 'failed' | 'given up') => void;

export interface BreakerOptions {
  /** So many failures among the last requests, twice as many, open it; 0 for never. */
  failures: number;
  /** After that time one request goes to see whether the subgraph answers again. */
  openMs: number;
  onChange(isOpen: boolean): void;
  now?: () => number;
}

export function createBreaker({ failures, openMs, onChange, now = () => performance.now() }: BreakerOptions): Breaker {
  /** Of the last requests, the oldest first: whether they failed. */
  let recent: boolean[] = [];
  let openUntil: number | undefined;
  let probe: Attempt | undefined;

  function record(failed: boolean): void {
    recent.push(failed);
    if (recent.length > failures * 2) recent.shift();
    if (!failed || recent.filter(Boolean).length < failures) return;
    openUntil = now() + openMs;
    onChange(true);
  }

  /** Requests that began before it opened no longer count: only a probe closes it. */
  const begin = (): Attempt =>
    once((outcome) => {
      if (openUntil === undefined && outcome !== 'given up') record(outcome === 'failed');
    });

  function beginProbe(): Attempt {
    probe = once((outcome) => {
      probe = undefined;
      if (outcome === 'failed') openUntil = now() + openMs;
      if (outcome !== 'answered') return;
      openUntil = undefined;
      recent = [];
      onChange(false);
    });
    return probe;
  }

  return {
    enter() {
      if (failures === 0) return () => undefined;
      if (openUntil === undefined) return begin();
      return probe || now() < openUntil ? undefined : beginProbe();
    },
    isOpen: () => openUntil !== undefined,
  };
}

function once(attempt: Attempt): Attempt {
  let ended = false;
  return (outcome) => {
    if (ended) return;
    ended = true;
    attempt(outcome);
  };
}
