import { createUnwanted, type Unwanted, type UnwantedController } from '../../platform/server/index.ts';
import { cancelled } from '../client-errors.ts';

/** Work that is under way, for others who want the same meanwhile. */
export interface Sharing<Result> {
  /**
   * Begins the work, or joins it. It is given up when nobody waits for it any more.
   * @param key equal for what gives the same result.
   */
  join(key: string, begin: (unwanted: Unwanted) => Promise<Result>, unwanted?: Unwanted): Promise<Result>;
  /** What is under way under this key takes nobody else in: who asks from now on may know more. */
  part(key: string): void;
}

interface Underway<Result> {
  result: Promise<Result>;
  waiting: number;
  controller: UnwantedController;
}

export function createSharing<Result>(): Sharing<Result> {
  const underway = new Map<string, Underway<Result>>();

  function begin(key: string, work: (unwanted: Unwanted) => Promise<Result>): Underway<Result> {
    const controller = createUnwanted();
    const shared: Underway<Result> = { result: work(controller.signal), waiting: 0, controller };
    const end = () => {
      if (underway.get(key) === shared) underway.delete(key);
    };
    shared.result.then(end, end);
    underway.set(key, shared);
    return shared;
  }

  return {
    async join(key, work, unwanted) {
      const shared = underway.get(key) ?? begin(key, work);
      shared.waiting += 1;
      if (!unwanted) return shared.result;
      return new Promise((resolve, reject) => {
        const leave = () => {
          reject(cancelled());
          shared.waiting -= 1;
          if (shared.waiting > 0) return;
          if (underway.get(key) === shared) underway.delete(key);
          shared.controller.abort();
        };
        if (unwanted.aborted) return leave();
        unwanted.addEventListener('abort', leave);
        const stay = () => unwanted.removeEventListener('abort', leave);
        shared.result.then(stay, stay);
        shared.result.then(resolve, reject);
      });
    },
    part: (key) => void underway.delete(key),
  };
}
