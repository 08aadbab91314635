import { parserOf } from '../../schema/events/index.ts';
import { createAggregate, type Runtime, type Subgraph } from '../../platform/index.ts';
import { createResolvers } from './resolvers.ts';
import { station } from './station.ts';
import { createStationStore, viewsVersion } from './store.ts';

/** The stations. It follows no other service. */
export function createStation(runtime: Runtime): Subgraph {
  const store = createStationStore(runtime.database);
  const stations = createAggregate(runtime, {
    decider: station,
    changesOf: store.changesOf,
    parse: parserOf('station'),
    viewsVersion,
  });
  return { resolvers: createResolvers({ stations, store }), parts: [store, stations] };
}
