import { describe, expect, it } from '@jest/globals';
import { disturb } from '../support/streams.ts';

/** The long version is `node bench/streams.ts`. */
describe('live streams, with cut connections, restarted routers and subgraphs, and new supergraphs', () => {
  it('tell each change once, over WebSocket and as server-sent events', async () => {
    const how = {
      cuts: 40,
      routerRestarts: 2,
      subgraphRestarts: 1,
      reloads: 2,
      watchers: 1,
      changes: 60,
      riders: 3,
      seed: 1,
    };
    const { watchers, changes } = await disturb(how);
    expect(changes).toBeGreaterThan(10);
    for (const { told, reconnects, ...outcome } of watchers) {
      expect(outcome).toEqual({ name: outcome.name, lost: [], repeated: [], disordered: [], ended: [] });
      expect(told).toBeGreaterThanOrEqual(changes);
      expect(reconnects).toBeGreaterThan(0);
    }
    expect(watchers.reduce((sum, { reconnects }) => sum + reconnects, 0)).toBeGreaterThanOrEqual(how.cuts);
  }, 180_000);
});
