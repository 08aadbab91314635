import { afterEach, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { MoveBikesDocument, OpenStationsDocument } from '../../schema/client/generated/graphql.ts';
import { subgraphNames, type SubgraphName } from '../../schema/subgraphs.ts';
import { type RunningService, startService } from '../../platform/index.ts';
import { definitionOf } from '../../subgraphs/registry.ts';
import { rider } from '../support/people.ts';
import { until } from '../support/until.ts';
import { describeInBrowser, signInAs, untilLive } from './chromium.ts';

/** A request that fails because of the outage is not the page's fault. */
const expectedComplaints = /status of 50[0-9]|^HTTP 50[0-9] |WebSocket/;
const phone = { path: '/ride', width: 390, height: 844, expectedComplaints };

/** What still works on the rider's page while a service is offline; every rider is on a ride. */
const stillWorks: Record<SubgraphName, (page: Page) => Promise<void>> = {
  bike: giveBack,
  approval: giveBack,
  dashboard: giveBack,
  station: giveBack,
  async point(page) {
    await page.getByText('지금은 포인트를 불러올 수 없습니다.').first().waitFor();
    await giveBack(page);
  },
  async reservation(page) {
    await page.getByText('지금은 예약과 이용 기록을 불러올 수 없습니다.').first().waitFor();
    await page.locator('.balance').getByText('4,000').waitFor();
    await page.getByRole('button', { name: '포인트 충전' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: '1,000P 충전', exact: true }).click();
    await dialog.getByRole('button', { name: '1,000원 결제하기' }).click();
    await page.locator('.balance').getByText('5,000').waitFor();
  },
};

describeInBrowser('while one service is away', (stage) => {
  const back: (() => Promise<RunningService>)[] = [];
  const restarted: RunningService[] = [];
  afterEach(async () => {
    for (const start of back.splice(0)) restarted.push(await start());
  });

  /** Stops a service; after the test it is back on the same port. */
  async function stop(name: SubgraphName): Promise<void> {
    const running = restarted.findLast(({ port }) => port === portOf(name)) ?? stage.system.services?.[name];
    const env = { ...stage.system.env, [`${name.toUpperCase()}_PORT`]: String(portOf(name)) };
    await running?.close();
    back.push(() => startService(definitionOf(name, env), env));
  }
  const portOf = (name: SubgraphName) => stage.system.services?.[name].port;

  it.each(subgraphNames)('%s, a rider can do what is left', async (name) => {
    const userId = `ride-without-${name}`;
    const [bikeId = 0] = await stage.registerBikes(1);
    const person = await rider(stage.system, userId);
    // For a second the router does not ask again what did not answer before.
    await until('what was away before is asked again', () =>
      person.points().then(
        () => true,
        () => false,
      ),
    );
    await person.buys(5_000);
    await person.starts((await person.reserves(bikeId)).reserveNo);
    await stop(name);
    await stage.visit({ ...phone, shot: `away-${name}` }, async (page) => {
      await signInAs(page, userId, 'rider');
      await stillWorks[name](page);
    });
  });

  it('and comes back, the page has everything again by itself', async () => {
    const [bikeId = 0] = await stage.registerBikes(1);
    const person = await rider(stage.system, 'patient');
    await person.buys(5_000);
    await person.reserves(bikeId);
    await stop('reservation');
    await stage.visit(phone, async (page) => {
      await signInAs(page, 'patient', 'rider');
      await page.getByText('지금은 예약과 이용 기록을 불러올 수 없습니다.').first().waitFor();
      for (const start of back.splice(0)) restarted.push(await start());
      await page.locator('.current[data-status="RESERVED"]').waitFor();
      expect(await page.locator('.ride > .notice').count()).toBe(0);
    });
  });

  it.each(['bike', 'approval', 'point', 'reservation', 'station'] as const)(
    '%s, the dashboard is live',
    async (name) => {
      await stop(name);
      await stage.visit({ path: '/', width: 1024, expectedComplaints }, untilLive);
    },
  );

  it('bike, the board of bikes says so, and has them when it is back', async () => {
    await stage.registerBikes(1);
    await stop('bike');
    await stage.visit({ path: '/', width: 1024, expectedComplaints }, async (page) => {
      await page.getByText('지금은 자전거를 불러올 수 없습니다.').waitFor();
      for (const start of back.splice(0)) restarted.push(await start());
      await page.locator('.cells .cell').first().waitFor();
      expect(await page.getByText('지금은 자전거를 불러올 수 없습니다.').count()).toBe(0);
    });
  });

  it('station, an operator sees where a bike stands, by the number of its station', async () => {
    const place = { position: { latitude: 37.5271, longitude: 126.9327 }, racks: 12 };
    const stations = [{ number: 101, nameKo: '여의나루역', district: 'YEONGDEUNGPO' as const, ...place }];
    // It has just come back, and the router's breaker may not know yet.
    await until('station answers again', () =>
      stage.operator.request(OpenStationsDocument, { input: { stations } }).then(
        () => true,
        () => false,
      ),
    );
    const [bikeId = 0] = await stage.registerBikes(1);
    const moves = [{ bikeId, stationId: 'ST-101' }];
    await until('the bike stands there', async () => {
      const { moveBikes } = await stage.operator.request(MoveBikesDocument, { input: { moves } });
      return moveBikes.results.every(({ refusal }) => refusal === null);
    });
    await stop('station');
    await stage.visit({ path: `/fleet?bike=${bikeId}`, width: 1024, expectedComplaints }, async (page) => {
      await page.locator('.facts').getByRole('link', { name: 'ST-101' }).waitFor();
    });
  });

  it('none, in the end everything is there', async () => {
    await until('the services answer', async () => (await stage.registerBikes(1)).length === 1);
    for (const service of restarted.splice(0)) await service.close();
  });
});

async function giveBack(page: Page): Promise<void> {
  await page.getByRole('heading', { name: '이용 중' }).waitFor();
  await page.getByRole('button', { name: '반납하기' }).click();
  await page.locator('.find').waitFor();
  await page.locator('.history').getByText('반납완료').first().waitFor();
}
