import { z } from 'zod';
import { parserOf } from '../../schema/events/index.ts';
import { stationNumberIn } from '../../schema/places.ts';
import { createAggregate, type Runtime, type Subgraph } from '../../platform/index.ts';
import { createResolvers } from './resolvers.ts';
import { station } from './station.ts';
import { createStationStore, viewsVersion } from './store.ts';

/** Far enough for whoever walks; some hundred stations of Seoul. */
const mostMeters = 5_000;
/** As many as a call of many lines can name. */
const statesQuestion = z.object({ stationIds: z.array(z.string()).max(1_000) });

const nearQuestion = z.object({
  position: z.object({ latitude: z.number(), longitude: z.number() }),
  meters: z.number().positive().max(mostMeters),
});

/** The stations. It follows no other service. */
export function createStation(runtime: Runtime): Subgraph {
  const store = createStationStore(runtime.database);
  const stations = createAggregate(runtime, {
    decider: station,
    changesOf: store.changesOf,
    parse: parserOf('station'),
    viewsVersion,
  });

  /** Answers which of these stations there are, and whether they are open. */
  async function states(question: unknown) {
    const { stationIds } = statesQuestion.parse(question);
    const numbers = stationIds.map(stationNumberIn).filter((number) => number !== undefined);
    return { states: Object.fromEntries(await store.statesOf(numbers)) };
  }

  /** Answers which stations are so near, and how far each is, the nearest first. */
  async function near(question: unknown) {
    const { position, meters } = nearQuestion.parse(question);
    const found = await store.within(position, meters);
    return { near: found.map(({ station, meters: away }) => ({ stationId: station.stationId, meters: away })) };
  }

  function serve(): void {
    runtime.bus.serve('station', 'states', states);
    runtime.bus.serve('station', 'near', near);
  }

  return {
    resolvers: createResolvers({ stations, store }),
    parts: [store, stations, { prepare: () => Promise.resolve(), start: () => serve() }],
  };
}
