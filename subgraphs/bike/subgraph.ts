import { parserOf } from '../../schema/events/index.ts';
import { createAggregate, type Runtime, type Subgraph } from '../../platform/index.ts';
import { bike } from './bike.ts';
import { createResolvers } from './resolvers.ts';
import { createBikeStore, viewsVersion } from './store.ts';

/** The fleet. It follows no other service. */
export function createBike(runtime: Runtime): Subgraph {
  const store = createBikeStore(runtime.database);
  const bikes = createAggregate(runtime, {
    decider: bike,
    changesOf: store.changesOf,
    parse: parserOf('bike'),
    viewsVersion,
  });
  return { resolvers: createResolvers({ bikes, store, clock: runtime.clock }), parts: [store, bikes] };
}
