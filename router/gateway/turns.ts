import { Gauge, type Registry } from 'prom-client';
import { clientError, type Unwanted } from '../../platform/server/index.ts';

/** Queries run in turns, so that a few expensive ones do not hold up the others. */
export interface Turns {
  /**
   * Resolves with the function that ends the turn, at once where there is room. Aborting `unwanted` ends the wait.
   * @throws a client error SERVICE_UNAVAILABLE when it did not come in time.
   */
  take(cost: number, unwanted?: Unwanted): Promise<() => void>;
}

export interface TurnsOptions {
  /** What may run at once, in the unit of a query's cost. One that costs more runs alone. */
  runningCost: number;
  waitMs: number;
  register?: Registry;
}

interface Waiting {
  cost: number;
  /** The smallest comes first. */
  rank: number;
  begin(): void;
}

/**
 * How much cost outweighs a millisecond of waiting: a query may overtake one that costs this much more and arrived 1 ms
 * earlier. Cheap queries, the majority, hardly wait; a page of 200 rows (about 2,000) can be overtaken for 2 s, which
 * is QUERY_WAIT_MS.
 */
const costPerMs = 1;

/** Turns by cost and arrival: cheap queries first, but expensive ones never starve. */
export function createTurns({ runningCost, waitMs, register }: TurnsOptions): Turns {
  const waiting: Waiting[] = [];
  let running = 0;

  const fits = (cost: number) => running === 0 || running + cost <= runningCost;

  function advance(): void {
    for (let next = waiting[0]; next && fits(next.cost); next = waiting[0]) {
      waiting.shift();
      running += next.cost;
      next.begin();
    }
  }

  function once(cost: number): () => void {
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      running -= cost;
      advance();
    };
  }

  if (register) {
    new Gauge({
      name: 'queries_waiting',
      help: 'Queries that wait for their turn.',
      registers: [register],
      collect() {
        this.set(waiting.length);
      },
    });
  }

  return {
    async take(cost, unwanted) {
      // The usual case: nobody waits, and nothing has to.
      if (waiting.length === 0 && fits(cost)) {
        running += cost;
        return once(cost);
      }
      await new Promise<void>((resolve, reject) => {
        const place: Waiting = { cost, rank: performance.now() * costPerMs + cost, begin };
        const stop = () => {
          clearTimeout(late);
          unwanted?.removeEventListener('abort', giveUp);
        };
        function begin(): void {
          stop();
          resolve();
        }
        function giveUp(): void {
          stop();
          waiting.splice(waiting.indexOf(place), 1);
          // A query behind it may fit now.
          advance();
          reject(clientError('SERVICE_UNAVAILABLE', 'Too much is asked for at once. Try again in a moment.'));
        }
        const late = setTimeout(giveUp, waitMs);
        unwanted?.addEventListener('abort', giveUp);
        waiting.splice(waiting.findLastIndex(({ rank }) => rank <= place.rank) + 1, 0, place);
        advance();
      });
      return once(cost);
    },
  };
}
