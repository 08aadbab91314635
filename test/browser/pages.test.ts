import { beforeAll, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import {
  ChangeBikeConditionDocument,
  ReportReturnDocument,
  ReservationDocument,
} from '../../schema/client/generated/graphql.ts';
import { rider, type Rider } from '../support/people.ts';
import { violationsOf } from './accessibility.ts';
import { artifacts, describeInBrowser, liveLamp, overflowOf } from './chromium.ts';

const sizes = [
  [390, 844],
  [1024, 768],
  [1440, 900],
] as const;
const looks = [
  { language: 'ko', colorScheme: 'light' },
  { language: 'ko', colorScheme: 'dark' },
  { language: 'en', colorScheme: 'light' },
  { language: 'en', colorScheme: 'dark' },
] as const;

interface PageUnderTest {
  name: string;
  path: string;
  ready: (page: Page) => Locator;
  /** A part of a page that is shown in every look: two looks are enough. */
  isPart?: true;
}

const pages: PageUnderTest[] = [
  { name: 'dashboard', path: '/', ready: liveLamp },
  {
    name: 'dashboard-week',
    path: '/?range=week',
    ready: (page) => page.locator('.demand [role=slider]'),
    isPart: true,
  },
  { name: 'ride', path: '/ride', ready: (page) => page.locator('.free-bike').first() },
  { name: 'fleet', path: '/fleet?bike=4', ready: (page) => page.locator('.trail li').first() },
  {
    name: 'fleet-bikes',
    path: '/fleet?tab=bikes&sort=-since',
    ready: (page) => page.locator('[data-bike]').first(),
    isPart: true,
  },
  {
    name: 'fleet-reports',
    path: '/fleet?tab=reports',
    ready: (page) => page.locator('.open-case').first(),
    isPart: true,
  },
  {
    name: 'fleet-register',
    path: '/fleet?tab=register',
    ready: (page) => page.locator('section[aria-labelledby="register-stations"]'),
    isPart: true,
  },
  {
    name: 'fleet-system',
    path: '/fleet?tab=parked',
    ready: (page) => page.locator('.services td').first(),
    isPart: true,
  },
  { name: 'developers', path: '/developers', ready: (page) => page.locator('.developers pre').first() },
  { name: 'playground', path: '/playground', ready: (page) => page.locator('.view-lines .mtk23').first() },
];

describeInBrowser('every page', (stage) => {
  beforeAll(async () => {
    const bikeIds = await stage.registerBikes(12);
    const [first = 0, second = 0, third = 0, broken = 0] = bikeIds;
    const people = await Promise.all(['10', '11', '12', '13'].map((userId) => rider(stage.system, userId)));
    const [returns, rides, cancels, poor] = people as [Rider, Rider, Rider, Rider];
    for (const one of [returns, rides, cancels]) await one.buys(5000);
    await returns.starts((await returns.reserves(first)).reserveNo);
    await returns.returns(1);
    const { reserveNo } = await rides.reserves(second);
    await rides.starts(reserveNo);
    const { reservation } = await rides.client.request(ReservationDocument, { reserveNo });
    const reported = { reserveNo, returnedAt: reservation?.startDateTime ?? '', note: '초록불이 켜지지 않았어요.' };
    await rides.client.request(ReportReturnDocument, { input: reported });
    await cancels.cancels((await cancels.reserves(third)).reserveNo);
    await cancels.reserves(third);
    await poor.reserves(first);
    const reason = 'The chain is broken';
    const input = { bikeId: broken, condition: 'MAINTENANCE', reason } as const;
    await stage.operator.request(ChangeBikeConditionDocument, { input });
  });

  it.each(pages.flatMap((page) => (page.isPart ? [looks[0], looks[3]] : looks).map((look) => ({ ...page, ...look }))))(
    '$name reads well in $language, $colorScheme, at every width, and breaks no rule of WCAG 2.2 AA',
    async ({ name, path, ready, language, colorScheme }) => {
      await stage.visit({ path, width: 390, language, colorScheme }, async (page) => {
        await ready(page).waitFor();
        for (const [width, height] of sizes) {
          await page.setViewportSize({ width, height });
          await page.screenshot({
            path: `${artifacts}${name}-${width}-${language}-${colorScheme}.png`,
            fullPage: true,
          });
          expect(await violationsOf(page)).toEqual([]);
          expect(await overflowOf(page)).toBe(0);
        }
      });
    },
  );
});
