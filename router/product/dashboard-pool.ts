import { Pool, type Dispatcher } from 'undici';

/** Connections for what the dashboard answers beside GraphQL. */
export interface DashboardPool {
  request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
}

/** @param addressOf where it answers GraphQL now: a new supergraph may have moved it. Undefined where there is none. */
export function createDashboardPool(addressOf: () => URL | undefined, options: Pool.Options): DashboardPool {
  let current: { origin: string; pool: Pool } | undefined;
  return {
    async request(asked) {
      const origin = addressOf()?.origin;
      if (origin === undefined) throw new Error('The supergraph has no subgraph that is called dashboard.');
      if (current?.origin !== origin) {
        // What is under way goes on at the old address.
        void current?.pool.close();
        current = { origin, pool: new Pool(origin, options) };
      }
      return current.pool.request(asked);
    },
  };
}
