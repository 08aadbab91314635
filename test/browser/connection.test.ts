import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { freePort } from '../../deploy/local/free-port.ts';
import { DashboardDocument, DashboardUpdatedDocument } from '../../schema/client/generated/graphql.ts';
import { createFaultProxy, type FaultProxy } from '../faults/fault-proxy.ts';
import { rider, type Rider } from '../support/people.ts';
import { createDice } from '../../cli/demo/dice.ts';
import type { SystemOptions } from '../support/system.ts';
import { until } from '../support/until.ts';
import { describeInBrowser, rowOf, untilLive } from './chromium.ts';

let network: FaultProxy;

describeInBrowser(
  'a lost connection',
  (stage) => {
    let user10: Rider;
    let bikeId: number;

    beforeAll(async () => {
      [bikeId = 0] = await stage.registerBikes(1);
      user10 = await rider(stage.system, '10');
      await user10.buys(50_000);
      await until('the dashboard knows of both', async () => {
        const { totals } = (await stage.operator.request(DashboardDocument, {})).dashboard;
        return totals.bikes === 1 && totals.pointsInCirculation === 50_000;
      });
    });
    afterAll(() => network.close());

    /** Several events in a row; gives the number of the reservation they were about. */
    async function reserveAndCancel(): Promise<number> {
      const { reserveNo } = await user10.reserves(bikeId);
      await user10.cancels(reserveNo);
      return reserveNo;
    }

    const cuts: { cut: string; lose: (page: Page) => Promise<void>; restore: (page: Page) => Promise<void> }[] = [
      {
        cut: 'by a server that is gone',
        lose: async () => network.set({ kind: 'refuse' }),
        restore: async () => network.heal(),
      },
      {
        cut: 'by a device without a network',
        lose: (page) => page.context().setOffline(true),
        restore: (page) => page.context().setOffline(false),
      },
    ];

    it.each(cuts)('$cut makes the data look stale, and goes on by cursor without gap or repeat', async (cut) => {
      const visit = {
        path: '/',
        width: 1440,
        shot: `connection-${cuts.indexOf(cut)}`,
        origin: `http://127.0.0.1:${network.port}`,
        expectedComplaints: /WebSocket connection|ERR_/,
      };
      await stage.visit(visit, async (page) => {
        await untilLive(page);
        const { cursor } = (await stage.operator.request(DashboardDocument, {})).dashboard;
        const pictures = picturesAskedBy(page);
        const before = await reserveAndCancel();
        await rowOf(page, before).getByText('예약취소').waitFor();

        await cut.lose(page);
        await page.locator('.board[data-stale="true"]').waitFor();
        await page.getByText(/지금 상황이 아닙니다. \d\d:\d\d:\d\d KST 기준 화면입니다./).waitFor();
        const unseen = await reserveAndCancel();
        expect(await rowOf(page, unseen).count()).toBe(0);

        await cut.restore(page);
        await rowOf(page, unseen).getByText('예약취소').waitFor();
        await page.locator('.board[data-stale="false"]').waitFor();
        const after = await reserveAndCancel();
        await rowOf(page, after).getByText('예약취소').waitFor();

        // Each of the three is requested, paid, confirmed, cancelled and paid back.
        const told = await toldAfter(cursor, 3 * 5);
        await until(
          'the page shows the same',
          async () => told.join() === (await feedOf(page)).slice(0, told.length).toReversed().join(),
        );
        expect(pictures.count).toBe(0);
      });
    });

    /** The events that a continuously connected program gets; ends after this many. */
    async function toldAfter(cursor: string, count: number): Promise<string[]> {
      const told: string[] = [];
      for await (const { dashboardUpdated } of stage.operator.subscribe(DashboardUpdatedDocument, { after: cursor })) {
        if (told.push(dashboardUpdated.eventType) === count) break;
      }
      return told;
    }
  },
  throughProxy,
);

/** The page reaches the router through a network that a test can break. */
async function throughProxy(): Promise<SystemOptions> {
  const routerPort = await freePort();
  network = await createFaultProxy([routerPort], createDice(1));
  return { env: { ROUTER_PORT: String(routerPort), CORS_ORIGINS: `http://127.0.0.1:${network.port}` } };
}

/** The event types in the feed, newest first. */
async function feedOf(page: Page): Promise<string[]> {
  return page.evaluate("[...document.querySelectorAll('.feed li .event [title]')].map(({ title }) => title)");
}

/** A fresh snapshot would hide a gap in the events. */
function picturesAskedBy(page: Page): { count: number } {
  const pictures = { count: 0 };
  page.on('request', (request) => {
    if (/query Dashboard\b/.test(request.postData() ?? '')) pictures.count += 1;
  });
  return pictures;
}
