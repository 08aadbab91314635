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

const meters = z.number().positive().max(mostMeters);
/** From a position, or from where a station stands. */
const nearQuestion = z.union([
  z.object({ position: z.object({ latitude: z.number(), longitude: z.number() }), meters }),
  z.object({ stationId: z.string(), meters }),
]);

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

  /** Answers which stations are so near, and how far each is, the nearest first; and from where, if there is that. */
  async function near(question: unknown) {
    const asked = nearQuestion.parse(question);
    const position = 'position' in asked ? asked.position : await positionOf(asked.stationId);
    if (!position) return { near: [] };
    const found = await store.within(position, asked.meters);
    return {
      position,
      near: found.map(({ station, meters: away }) => ({ stationId: station.stationId, meters: away })),
    };
  }

  async function positionOf(stationId: string) {
    const number = stationNumberIn(stationId);
    return number === undefined ? undefined : (await store.byNumbers([number])).get(number)?.position;
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
