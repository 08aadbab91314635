import { afterAll, describe, expect, it } from '@jest/globals';
import { countMessages, type BrokerMessages } from '../../bench/broker-messages.ts';
import { countOperations } from '../../bench/database-operations.ts';
import { countStories, overBudget, tellStory } from '../../bench/story.ts';
import { countRequests } from '../../bench/subgraph-requests.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';

const stories = 3;

describe('one story', () => {
  let system: TestSystem | undefined;
  let messages: BrokerMessages | undefined;
  afterAll(async () => {
    await system?.close();
    await messages?.close();
  });

  it('does no more than its budget says', async () => {
    const { TEST_MONGODB_URI = '', TEST_NATS_URL = '' } = process.env;
    // Monitoring makes the driver tell of its commands. The settings leave less to the clock, and nothing to a wait.
    const env = {
      MONGODB_URI: `${TEST_MONGODB_URI}&monitorCommands=true`,
      OUTCOME_POLL_MS: '60000',
      STALL_MS: '600000',
    };
    system = await startSystem({ env });
    const services = Object.values(system.services ?? {});
    const database = countOperations(
      services.map(({ name, runtime }) => ({ name, client: runtime.database.getClient() })),
    );
    const requests = countRequests(Object.fromEntries(services.map(({ name, port }) => [name, port])));
    messages = await countMessages(TEST_NATS_URL, system.name);
    const { counts: heard } = messages;
    const counts = () => Promise.resolve({ ...database(), ...requests(), ...heard() });

    const [bikeId = 0] = await registerBikes(system);
    const rich = await rider(system, 'rich');
    await rich.buys(100_000);
    const teller = { rider: rich.client, bikeId, counts };
    // The first one of a process meets what no other meets.
    await tellStory(teller, 0);

    const told = await countStories(stories, teller);
    if (process.env['SHOW']) console.log(JSON.stringify(told, null, 1));
    expect(Object.keys(told)).not.toHaveLength(0);
    expect(overBudget(told)).toEqual([]);
  });
});
