import { expect, it } from '@jest/globals';
import { headers as natsHeaders } from '@nats-io/transport-node';
import { ParkedEventsDocument } from '../../schema/client/generated/graphql.ts';
import { withBroker } from '../faults/broker.ts';
import { poisonOf } from '../faults/poison.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { describeInBrowser, signInAs } from './chromium.ts';

describeInBrowser('an event that cannot be handled', (stage) => {
  it('is looked at, tried again and given up by an admin, with a reason that is kept', async () => {
    await publishPoison();
    await until('a service parked it', async () => {
      const { parkedEvents } = await stage.operator.request(ParkedEventsDocument, { filter: { service: 'dashboard' } });
      return parkedEvents.totalCount === 1;
    });
    await stage.visit({ path: '/fleet?tab=parked', width: 1024, shot: 'parked' }, async (page) => {
      const parked = page.getByRole('article').filter({ hasText: /dashboard ←/ });
      await parked.getByText('형식 오류').click();
      await parked.getByText('{"painted":true}').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      expect(await parked.getByRole('button', { name: '포기' }).count()).toBe(0);

      await signInAs(page, 'root', 'admin');
      await parked.getByRole('button', { name: '다시 처리' }).click();
      await parked.locator('.outcome[data-tone="refused"]').waitFor();
      await parked.getByRole('button', { name: '포기' }).click();
      await page.getByRole('dialog').getByLabel('사유').fill('Nobody paints bikes.');
      await page.getByRole('dialog').getByRole('button', { name: '포기' }).click();
      await parked.waitFor({ state: 'detached' });

      await page
        .getByRole('button', { name: '포기됨' })
        .or(page.getByRole('radio', { name: '포기됨' }))
        .click();
      await parked.getByText('형식 오류').click();
      await parked.getByText('Nobody paints bikes.').first().waitFor();
    });
  });

  it('tells of decisions that the broker refuses, each with its reason', async () => {
    await stage.visit({ path: '/fleet?tab=parked', width: 1024, shot: 'refused-decisions' }, async (page) => {
      // The broker refuses none of the services' events, so the test puts one into the answer.
      await page.route('**/graphql', async (route) => {
        if (!route.request().postData()?.includes('query Services')) return route.continue();
        const response = await route.fetch();
        const answer = (await response.json()) as { data: { services: { name: string; refusedDecisions: unknown }[] } };
        const bike = answer.data.services.find(({ name }) => name === 'bike');
        const because = 'Maximum Payload Exceeded';
        if (bike) bike.refusedDecisions = [{ id: 'bike-7@3', because, times: 4, since: new Date().toISOString() }];
        await route.fulfill({ response, json: answer });
      });
      await page.reload();
      const services = page.locator('.services');
      await services.getByText('발행되지 못한 결정').waitFor();
      const line = await services.getByRole('listitem').innerText();
      for (const part of ['bike-7@3', 'Maximum Payload Exceeded', '4회']) expect(line).toContain(part);
      expect(await violationsOf(page)).toEqual([]);
    });
  });

  async function publishPoison(): Promise<void> {
    const poison = poisonOf(stage.system.name, 'bike', 'paint')['unknown type'];
    if (!poison) throw new Error('There is no such poison.');
    const headers = natsHeaders();
    for (const [name, value] of poison.headers) headers.set(name, value);
    await withBroker(stage.system, ({ client }) => client.publish(poison.subject, '{"painted":true}', { headers }));
  }
});
