import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Page, Route } from 'playwright-core';
import {
  CloseStationDocument,
  MoveBikesDocument,
  OpenStationsDocument,
  StationBikesDocument,
} from '../../schema/client/generated/graphql.ts';
import { rideLink } from '../../schema/page-addresses.ts';
import { rider } from '../support/people.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { artifacts, describeInBrowser, liveLamp, overflowOf, signInAs, type Stage } from './chromium.ts';

const places = [
  [101, '여의나루역 1번출구', 'Yeouinaru Station', 'YEONGDEUNGPO', 37.5271, 126.9327, 12],
  [102, '망원역 2번출구', 'Mangwon Station', 'MAPO', 37.5556, 126.9106, 2],
  [103, '합정역 7번출구', 'Hapjeong Station', 'MAPO', 37.5499, 126.9145, 8],
  [104, '서울숲', 'Seoul Forest', 'SEONGDONG', 37.5444, 127.0374, 10],
  [105, '잠실나루역', 'Jamsillaru Station', 'SONGPA', 37.5207, 127.1038, 10],
] as const;

/** Where the rider stands, by their browser. */
const atMangwon = { latitude: 37.5551, longitude: 126.9101 };

const lineOf = (page: Page, stationId: string) => page.locator(`[data-station="${stationId}"]`);

async function openStations({ operator, registerBikes }: Stage): Promise<void> {
  const stations = places.map(([number, nameKo, nameEn, district, latitude, longitude, racks]) => ({
    number,
    nameKo,
    nameEn,
    district,
    racks,
    position: { latitude, longitude },
  }));
  const { openStations } = await operator.request(OpenStationsDocument, { input: { stations } });
  expect(openStations.results.map(({ refusal }) => refusal)).toEqual(stations.map(() => null));
  const bikeIds = await registerBikes(5);
  const stand = ['ST-101', 'ST-101', 'ST-101', 'ST-102', 'ST-102'];
  const moves = bikeIds.map((bikeId, index) => ({ bikeId, stationId: stand[index] ?? 'ST-101' }));
  // A bike is moved once reservation has heard of it.
  await until('every bike stands at its station', async () => {
    const { moveBikes } = await operator.request(MoveBikesDocument, { input: { moves } });
    return moveBikes.results.every(({ refusal }) => refusal === null);
  });
  const input = { stationId: 'ST-105', reason: 'Works' };
  expect((await operator.request(CloseStationDocument, { input })).closeStation.refusal).toBeNull();
}

async function mapOn(page: Page) {
  const box = await page.locator('.map').boundingBox();
  if (!box) throw new Error('No map.');
  return box;
}

/** Fingers on the screen around a place; they go from where they are, in pixels from there, to elsewhere. */
async function fingersOn(page: Page, center: number, level: number) {
  const devtools = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', at: readonly number[], below = 0) => {
    const touchPoints = at.map((from, id) => ({ x: center + from, y: level + below, id }));
    return devtools.send('Input.dispatchTouchEvent', { type, touchPoints });
  };
  return async (from: readonly number[], to: readonly number[], down = 0) => {
    await touch('touchStart', from);
    for (const part of [0.25, 0.5, 0.75, 1]) {
      const at = from.map((start, finger) => start + ((to[finger] ?? start) - start) * part);
      await touch('touchMove', at, down * part);
    }
    await touch('touchEnd', []);
  };
}

/** Those that stand out. */
const reserveButtons = (page: Page) => page.locator('.button[data-weight="primary"]', { hasText: /예약하기|Reserve/ });

describeInBrowser('stations on the pages', (stage) => {
  const fills = async (stationId: string) => {
    const [bikeId = 0] = await stage.registerBikes(1);
    const moves = [{ bikeId, stationId }];
    await until('the bike stands there', async () => {
      const { moveBikes } = await stage.operator.request(MoveBikesDocument, { input: { moves } });
      return moveBikes.results.every(({ refusal }) => refusal === null);
    });
  };
  const parkedAt = async (stationId: string) =>
    (await stage.operator.request(StationBikesDocument, { stationId })).station?.bikesParked;

  it('a system without any says how to import them', async () => {
    await stage.visit({ path: '/fleet?tab=stations', width: 1440, language: 'en' }, async (page) => {
      await page.getByText('npm run ops -- import-stations').waitFor();
      expect(await page.locator('.map').count()).toBe(0);
      await page.screenshot({ path: `${artifacts}no-stations.png`, fullPage: true });
      await page.getByRole('link', { name: 'Import a file of stations' }).click();
      await page.locator('section[aria-labelledby="register-stations"]').waitFor();
      await signInAs(page, 'looks', 'auditor');
      await page.goto(`${stage.system.routerUrl}/fleet?tab=stations`);
      await page.getByText('npm run ops -- import-stations').waitFor();
      expect(await page.getByRole('link', { name: 'Import a file of stations' }).count()).toBe(0);
    });
    await stage.visit({ path: '/', width: 390, language: 'ko', shot: 'no-stations-390' }, async (page) => {
      await page.getByRole('link', { name: '대여소 파일 가져오기' }).waitFor();
      await page.getByRole('link', { name: '자전거 등록하기' }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
    });
  });

  it('a page that is open hears of the first one', async () => {
    await stage.visit({ path: '/fleet?tab=stations', width: 1440, language: 'en' }, async (page) => {
      await page.getByText('npm run ops -- import-stations').waitFor();
      const first = {
        number: 106,
        nameKo: '석촌호수',
        nameEn: 'Seokchon Lake',
        district: 'SONGPA' as const,
        racks: 10,
      };
      const stations = [{ ...first, position: { latitude: 37.5107, longitude: 127.1029 } }];
      await stage.operator.request(OpenStationsDocument, { input: { stations } });
      await lineOf(page, 'ST-106').waitFor();
    });
  });

  describe('that it has', () => {
    beforeAll(() => openStations(stage));

    const looks = [
      { path: '/', width: 1440, language: 'ko', colorScheme: 'light' },
      { path: '/', width: 1024, language: 'en', colorScheme: 'dark' },
      { path: '/ride', width: 390, language: 'ko', colorScheme: 'light' },
      { path: '/ride', width: 1440, language: 'en', colorScheme: 'dark' },
      { path: '/fleet?tab=stations', width: 390, language: 'en', colorScheme: 'dark' },
      { path: '/fleet?tab=stations', width: 1024, language: 'ko', colorScheme: 'light' },
    ] as const;
    it.each(looks)('are a map and a list on $path at $width, in $language and $colorScheme', async (look) => {
      await stage.visit(look, async (page) => {
        await lineOf(page, 'ST-101').locator('button').click();
        const name = `stations-${look.path.replace(/\W/g, '')}-${look.width}-${look.language}-${look.colorScheme}`;
        await page.screenshot({ path: `${artifacts}${name}.png`, fullPage: true });
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBe(0);
        const [map, legend] = await Promise.all(
          ['.map-frame', '.map-legend'].map((part) => page.locator(part).boundingBox()),
        );
        // On the map it would lie on somebody's station.
        expect(legend?.y ?? 0).toBeGreaterThanOrEqual((map?.y ?? NaN) + (map?.height ?? NaN));
        expect(await lineOf(page, 'ST-101').innerText()).toContain(look.language === 'ko' ? '자전거 3' : '3 bikes');
        expect(await lineOf(page, 'ST-102').innerText()).toContain(
          look.language === 'ko' ? '거치대 없음' : 'No free rack',
        );
        expect(await lineOf(page, 'ST-105').innerText()).toContain(look.language === 'ko' ? '폐쇄됨' : 'Closed');
      });
    });

    it('a rider finds one near them, reserves there, and returns at another', async () => {
      await (await rider(stage.system, '31')).buys(5_000);
      const prepare = async (page: Page) => {
        await page.context().grantPermissions(['geolocation']);
        await page.context().setGeolocation(atMangwon);
      };
      await stage.visit({ path: '/ride', width: 390, language: 'en', prepare }, async (page) => {
        await signInAs(page, '31', 'rider');
        await page.getByRole('button', { name: 'Near me' }).click();
        await lineOf(page, 'ST-102').getByText('70 m').waitFor();
        await lineOf(page, 'ST-102').locator('button').first().click();
        await page.getByRole('button', { name: 'Reserve a bike here' }).click();
        await page.locator('.current[data-status="RESERVED"]').waitFor();
        await page.getByRole('button', { name: 'Start' }).click();
        await page.locator('.current[data-status="IN_USE"]').waitFor();
        expect(await parkedAt('ST-102')).toBe(1);
        await page.getByRole('searchbox').fill('seoul forest');
        await lineOf(page, 'ST-104').locator('button').first().click();
        await page.getByRole('button', { name: 'Return the bike here' }).click();
        await page.locator('.find').waitFor();
        await until('the bike stands there', async () => (await parkedAt('ST-104')) === 1);
        const receipt = page.locator('.receipt');
        expect(await receipt.innerText()).toMatch(/From\s+Mangwon Station\s+To\s+Seoul Forest/);
        await page.locator('.history').getByText('Mangwon Station → Seoul Forest').waitFor();
        expect(await violationsOf(page)).toEqual([]);
        await page.screenshot({ path: `${artifacts}stations-receipt.png`, fullPage: true });
      });
    });

    it.each([
      { width: 320, language: 'ko', colorScheme: 'light' },
      { width: 390, language: 'en', colorScheme: 'dark' },
    ] as const)('a full station and a closed one take bikes, and say how, in $language at $width', async (look) => {
      const rides = await rider(stage.system, `35${look.language}`);
      await rides.buys(5_000);
      const [bikeId = 0] = await stage.registerBikes(1);
      const { reserveNo } = await rides.reserves(bikeId);
      await rides.starts(reserveNo);
      const say =
        look.language === 'ko'
          ? { full: '거치대 옆에 세우고 반납해도 됩니다.', closed: '되도록 다른 대여소에', back: '여기에 반납하기' }
          : { full: 'leave the bike beside the racks', closed: 'Choose another one', back: 'Return the bike here' };
      const small = {
        number: 107,
        nameKo: '좁은 대여소',
        nameEn: 'Narrow Station',
        district: 'MAPO' as const,
        racks: 1,
      };
      const stations = [{ ...small, position: { latitude: 37.5557, longitude: 126.9106 } }];
      await stage.operator.request(OpenStationsDocument, { input: { stations } });
      await fills('ST-107');
      const closedBefore = (await parkedAt('ST-105')) ?? 0;
      await stage.visit({ path: '/ride', ...look, shot: `return-${look.width}` }, async (page) => {
        await signInAs(page, rides.userId, 'rider');
        await page.locator('.current[data-status="IN_USE"]').waitFor();
        await page.getByRole('searchbox').fill('107');
        const full = lineOf(page, 'ST-107');
        await full.locator('button').first().click();
        await full.getByText(say.full).waitFor();
        await full.getByRole('button', { name: say.back }).waitFor();
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBe(0);
        await page.getByRole('searchbox').fill('105');
        const closed = lineOf(page, 'ST-105');
        await closed.locator('button').first().click();
        await closed.getByText(say.closed).waitFor();
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBe(0);
        await closed.getByRole('button', { name: say.back }).click();
        await page.locator('.find').waitFor();
        await until('the bike stands there', async () => (await parkedAt('ST-105')) === closedBefore + 1);
      });
    });

    it.each(['/', '/ride', '/fleet?tab=stations'])('%s hears what stands there, without asking again', async (path) => {
      const before = (await parkedAt('ST-104')) ?? 0;
      const [bikeId = 0] = await stage.registerBikes(1);
      let asked = 0;
      let followed = 0;
      const following = new Set<unknown>();
      const prepare = async (page: Page) => {
        page.on('request', (request) => {
          if (request.postData()?.includes('query StationPlaces')) asked += 1;
        });
        page.on('websocket', (socket) => {
          socket.on('framesent', ({ payload }) => {
            if (!String(payload).includes('subscription StationCountsChanged')) return;
            followed += 1;
            following.add(socket);
          });
          socket.on('close', () => following.delete(socket));
        });
      };
      await stage.visit({ path, width: 1440, language: 'en', prepare }, async (page) => {
        await lineOf(page, 'ST-104').waitFor();
        await until('the page follows the counts', () => followed > 0);
        // What was asked before it did is answered by then.
        await page.waitForTimeout(1_000);
        asked = 0;
        const moves = [{ bikeId, stationId: 'ST-104' }];
        await until('the bike stands there', async () => {
          const { moveBikes } = await stage.operator.request(MoveBikesDocument, { input: { moves } });
          return moveBikes.results.every(({ refusal }) => refusal === null);
        });
        const bikes = before === 0 ? '1 bike' : `${before + 1} bikes`;
        await lineOf(page, 'ST-104').getByText(bikes, { exact: false }).first().waitFor();
        expect(asked).toBe(0);
        // A reconnection takes the place of the one before.
        expect(following.size).toBe(1);
      });
    });

    it('a link of open data leads to its bike, and says when there is none', async () => {
      const response = await fetch(`${stage.system.routerUrl}/gbfs/3.0/vehicle_status.json`);
      const { data } = (await response.json()) as { data: { vehicles: { vehicle_id: string }[] } };
      const [{ vehicle_id: vehicle } = { vehicle_id: '' }] = data.vehicles;
      await stage.visit({ path: rideLink('vehicle', vehicle), width: 390, language: 'en' }, async (page) => {
        await page.waitForURL(/\/ride\?bike=\d+$/);
      });
      await stage.visit({ path: rideLink('vehicle', 'gone'), width: 390, language: 'en' }, async (page) => {
        await page.getByText('The bike of this link is not there any more').waitFor();
      });
    });

    it.each([
      { width: 320, language: 'ko', colorScheme: 'light' },
      { width: 390, language: 'en', colorScheme: 'dark' },
    ] as const)('a rider whose bike is taken has the next one by one click, in $language at $width', async (look) => {
      const first = await rider(stage.system, `32${look.language}`);
      const second = await rider(stage.system, `33${look.language}`);
      await Promise.all([first.buys(5_000), second.buys(5_000)]);
      const { station } = await stage.operator.request(StationBikesDocument, { stationId: 'ST-101' });
      const [taken = 0, next = 0] = station?.available.nodes.map(({ bikeId }) => bikeId) ?? [];
      const { reserveNo } = await first.reserves(taken);
      const { reserve, other, isTaken, tellMe } =
        look.language === 'ko'
          ? {
              ...{ reserve: `${taken}번 자전거 예약하기`, other: `${next}번 자전거, 같은 곳` },
              ...{ isTaken: '다른 이용자가 예약한 자전거입니다.', tellMe: '빌릴 수 있게 되면 알림 받기' },
            }
          : {
              ...{ reserve: `Reserve bike ${taken}`, other: `Bike ${next}, same place` },
              ...{ isTaken: 'Another rider has this bike.', tellMe: 'Tell me when one is free' },
            };
      await stage.visit({ path: '/ride', ...look }, async (page) => {
        await signInAs(page, second.userId, 'rider');
        await page.locator('input[name="bikeId"]').fill(String(taken));
        // Before anything is asked for.
        await page.getByText(isTaken).waitFor();
        await page.locator('.find').getByRole('button', { name: tellMe }).waitFor();
        await page.screenshot({ path: `${artifacts}taken-${look.width}.png` });
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBe(0);
        await page.getByRole('button', { name: reserve }).click();
        await page.getByRole('button', { name: other }).waitFor();
        await page.screenshot({ path: `${artifacts}instead-${look.width}.png`, fullPage: true });
        const count = await page.locator('.instead button').count();
        expect(count).toBeGreaterThan(0);
        expect(await page.locator('.find').getByRole('status').innerText()).toMatch(
          count === 1 ? /아래 자전거|this one instead/ : new RegExp(`아래 ${count}대|these ${count} instead`),
        );
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBe(0);
        await page.getByRole('button', { name: other }).press('Enter');
        await page.locator('.current[data-status="RESERVED"]').waitFor();
        await page.locator('.current').getByText(String(next)).first().waitFor();
      });
      await first.cancels(reserveNo);
    });

    it.each([
      { width: 320, language: 'ko', colorScheme: 'light' },
      { width: 390, language: 'en', colorScheme: 'dark' },
    ] as const)('a rider waits at an empty station, and is told of a bike, in $language at $width', async (look) => {
      const waits = await rider(stage.system, `34${look.language}`);
      await waits.buys(5_000);
      const say =
        look.language === 'ko'
          ? {
              ...{ tellMe: '빌릴 수 있게 되면 알림 받기', next: '다음 차례입니다.', stop: '그만 기다리기' },
              ...{ here: '여기로 바꿔 기다리기' },
              ...{ none: '지금 이 대여소에는 빌릴 수 있는 자전거가 없습니다.' },
            }
          : {
              ...{ tellMe: 'Tell me when one is free', next: 'You are next.', stop: 'Stop waiting' },
              ...{ here: 'Wait here instead' },
              ...{ none: 'No bike at this station can be reserved now.' },
            };
      await stage.visit({ path: '/ride', ...look }, async (page) => {
        await signInAs(page, waits.userId, 'rider');
        await lineOf(page, 'ST-103').locator('button').first().click();
        await lineOf(page, 'ST-103').getByText(say.none).waitFor();
        await lineOf(page, 'ST-103').screenshot({ path: `${artifacts}empty-station-${look.width}.png` });
        await page.getByRole('button', { name: say.tellMe }).click();
        await page.locator('.waiting').getByText(say.next).waitFor();
        expect(await page.getByRole('button', { name: say.tellMe }).count()).toBe(0);
        // Elsewhere it would cost them their place.
        await lineOf(page, 'ST-106').locator('button').first().click();
        const here = lineOf(page, 'ST-106').getByRole('button', { name: say.here });
        await here.waitFor();
        expect(await here.getAttribute('data-weight')).toBe('plain');
        await lineOf(page, 'ST-106').screenshot({ path: `${artifacts}wait-instead-${look.width}.png` });
        await lineOf(page, 'ST-103').locator('button').first().click();
        await page.getByRole('button', { name: say.stop }).click();
        await page.locator('.waiting').waitFor({ state: 'detached' });
        await page.getByRole('button', { name: say.tellMe }).click();
        await page.locator('.waiting').getByText(say.next).waitFor();
        const [bikeId = 0] = await stage.registerBikes(1);
        const moves = [{ bikeId, stationId: 'ST-103' }];
        await until('the bike stands there', async () => {
          const { moveBikes } = await stage.operator.request(MoveBikesDocument, { input: { moves } });
          return moveBikes.results.every(({ refusal }) => refusal === null);
        });
        await page.locator('.offer-left').waitFor();
        await page.screenshot({ path: `${artifacts}waiting-${look.width}.png`, fullPage: true });
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBe(0);
        // One button to reserve, that of the bike on offer; another bike has one for who names it.
        expect(await reserveButtons(page).allInnerTexts()).toHaveLength(1);
        expect(await page.locator('.waiting').locator(reserveButtons(page)).count()).toBe(1);
        expect(await page.locator('.find button[type="submit"]').count()).toBe(0);
        await page.locator('input[name="bikeId"]').fill('1');
        await page.locator('.find button[type="submit"][data-weight="plain"]').waitFor();
        await page.locator('input[name="bikeId"]').fill('');
        await page.locator('.waiting-actions button').first().press('Enter');
        await page.locator('.current[data-status="RESERVED"]').waitFor();
        await page.locator('.current').getByText(String(bikeId)).first().waitFor();
        await page.locator('.waiting').waitFor({ state: 'detached' });
        // The station is empty again for the next one.
        await page.getByRole('button', { name: /^(대여 시작|Start)/ }).click();
        await page.locator('.current[data-status="IN_USE"]').waitFor();
      });
    });

    it('a rider who has the last bike is not asked to wait for it', async () => {
      const one = await rider(stage.system, '35');
      await one.buys(5_000);
      const [bikeId = 0] = await stage.registerBikes(1);
      const moves = [{ bikeId, stationId: 'ST-106' }];
      await until('the bike stands there', async () => {
        const { moveBikes } = await stage.operator.request(MoveBikesDocument, { input: { moves } });
        return moveBikes.results.every(({ refusal }) => refusal === null);
      });
      await stage.visit({ path: '/ride', width: 390, language: 'en' }, async (page) => {
        await signInAs(page, one.userId, 'rider');
        await lineOf(page, 'ST-106').getByText('1 bike', { exact: false }).first().waitFor();
        await lineOf(page, 'ST-106').locator('button').first().click();
        await page.getByRole('button', { name: 'Reserve a bike here' }).waitFor();
        // The map hears of it before the answer does, and before the page knows its rider's reservation.
        const [held, answers]: [Route[], (() => Promise<void>)[]] = [[], []];
        await page.route('**/graphql', async (route) => {
          if (!route.request().postData()?.includes('mutation ReserveBikeOrAnother')) return route.fallback();
          const response = await route.fetch();
          answers.push(() => route.fulfill({ response }));
        });
        await page.route('**/graphql', (route) =>
          route.request().postData()?.includes('query RiderRides') ? void held.push(route) : route.fallback(),
        );
        await page.getByRole('button', { name: 'Reserve a bike here' }).click();
        await lineOf(page, 'ST-106').getByText('0 bikes').waitFor();
        await until('the bike is reserved', () => answers.length > 0);
        expect(await page.getByRole('button', { name: 'Tell me when one is free' }).count()).toBe(0);
        expect(await page.getByRole('button', { name: 'Reserve a bike here' }).count()).toBe(1);
        for (const answer of answers) await answer();
        await page.locator('.outcome[data-tone="good"]').waitFor();
        expect(await page.getByRole('button', { name: 'Tell me when one is free' }).count()).toBe(0);
        expect(await page.locator('.current').count()).toBe(0);
        for (const route of held) await route.continue();
      });
    });

    it('a rider whose browser keeps their position to itself is told so', async () => {
      await stage.visit({ path: '/ride', width: 390, language: 'en' }, async (page) => {
        await page.getByRole('button', { name: 'Near me' }).click();
        await page.getByText('Your position may not be used.').waitFor();
      });
    });

    it('the map is the first thing that a rider sees on a phone', async () => {
      await stage.visit({ path: '/ride', width: 390, height: 844, language: 'en' }, async (page) => {
        await signInAs(page, '36', 'rider');
        await lineOf(page, 'ST-105').waitFor();
        const map = await mapOn(page);
        expect(map.y + map.height).toBeLessThanOrEqual(844);
        expect(await page.locator('.ride > .card').first().locator('.map').count()).toBe(1);
        expect(await page.evaluate<number>('window.scrollY')).toBe(0);
      });
    });

    it.each([390, 1440])('nothing moves under the rider when stations and points come late, at %d', async (width) => {
      const { promise: late, resolve: come } = Promise.withResolvers<null>();
      const prepare = async (page: Page) => {
        await page.route('**/graphql', async (route) => {
          if (/query (StationPlaces|RiderPoints)/.test(route.request().postData() ?? '')) await late;
          await route.continue();
        });
      };
      await stage.visit({ path: '/ride', width, height: 844, language: 'en', prepare }, async (page) => {
        await page.locator('.history li, .history .empty').first().waitFor();
        await page.locator('.free-bike').first().waitFor();
        await page.evaluate(`new PerformanceObserver((list) => {
          window.moved = (window.moved ?? 0) + list.getEntries().reduce((sum, { value }) => sum + value, 0);
        }).observe({ type: 'layout-shift' })`);
        const before = await page.locator('.find').boundingBox();
        come(null);
        await Promise.all([page.locator('.balance').waitFor(), lineOf(page, 'ST-101').waitFor()]);
        await page.waitForTimeout(500);
        // Stations may change places in their own list.
        expect(await page.evaluate('window.moved ?? 0')).toBeLessThan(0.05);
        // On a phone they come above what is beyond the screen.
        if (width === 1440) expect(await page.locator('.find').boundingBox()).toEqual(before);
      });
    });

    it('nothing moves under the rider when rides come after points', async () => {
      const { promise: late, resolve: come } = Promise.withResolvers<null>();
      const prepare = async (page: Page) => {
        await page.route('**/graphql', async (route) => {
          if (route.request().postData()?.includes('query RiderRides')) await late;
          await route.continue();
        });
      };
      await stage.visit({ path: '/ride', width: 390, height: 844, language: 'en', prepare }, async (page) => {
        await page.waitForResponse((response) => Boolean(response.request().postData()?.includes('query RiderPoints')));
        await page.waitForTimeout(500);
        expect(await page.locator('.ride > .card').count()).toBe(0);
        expect(await page.locator('.ride > .skeleton').count()).toBe(1);
        come(null);
        await Promise.all([page.locator('.balance').waitFor(), page.locator('.find').waitFor()]);
      });
    });

    it('a map is dragged, and zoomed by the wheel once it is meant', async () => {
      await stage.visit({ path: '/ride', width: 390, height: 844, language: 'en' }, async (page) => {
        const east = lineOf(page, 'ST-105');
        await east.waitFor();
        const { x, y, width, height } = await mapOn(page);
        const middle = [x + width / 2, y + height / 2] as const;
        const drag = async (by: number) => {
          await page.mouse.move(...middle);
          await page.mouse.down();
          await page.mouse.move(middle[0] + by, middle[1], { steps: 4 });
          await page.mouse.up();
        };
        await drag(width / 3);
        await east.waitFor({ state: 'detached' });
        await lineOf(page, 'ST-101').waitFor();
        await drag(-width / 3);
        await east.waitFor();

        await page.evaluate('document.activeElement?.blur()');
        await page.mouse.wheel(0, -100);
        await page.keyboard.down('Control');
        await page.mouse.wheel(0, -100);
        await east.waitFor({ state: 'detached' });
        await page.mouse.wheel(0, 100);
        await east.waitFor();
        await page.keyboard.up('Control');
        // Without Control the page scrolls, until the map has the focus.
        await page.mouse.wheel(0, 400);
        let before = -1;
        await until('the page has scrolled', async () => {
          const now = await page.evaluate<number>('window.scrollY');
          const isStill = now > 0 && now === before;
          before = now;
          await page.waitForTimeout(100);
          return isStill;
        });
        await east.waitFor();
        await page.evaluate('window.scrollTo(0, 0)');
        await until('the page is at its top', async () => (await page.evaluate<number>('window.scrollY')) === 0);
        await page.locator('.map').focus();
        await page.mouse.move(...middle);
        await page.mouse.wheel(0, -500);
        await east.waitFor({ state: 'detached' });
        expect(await page.evaluate<number>('window.scrollY')).toBe(0);
      });
    });

    it('a map follows a finger, and two fingers zoom it', async () => {
      const phone = { path: '/ride', width: 390, height: 844, hasTouch: true, language: 'en' } as const;
      await stage.visit(phone, async (page) => {
        const east = lineOf(page, 'ST-105');
        await east.waitFor();
        const { x, y, width, height } = await mapOn(page);
        const slide = await fingersOn(page, x + width / 2, y + height / 2);
        await slide([0], [width / 3]);
        await east.waitFor({ state: 'detached' });
        await slide([0], [-width / 3]);
        await east.waitFor();
        await slide([-30, 30], [-120, 120]);
        await east.waitFor({ state: 'detached' });
        await slide([-120, 120], [-30, 30]);
        await east.waitFor();
        expect(await page.evaluate<number>('window.scrollY')).toBe(0);
      });
    });

    it.each([
      [390, 844],
      [320, 568],
      [568, 320],
      [667, 331],
    ])('a map leaves a finger room to scroll the page, on %i by %i', async (width, height) => {
      await stage.visit({ path: '/ride', width, height, hasTouch: true, language: 'ko' }, async (page) => {
        await lineOf(page, 'ST-101').waitFor();
        await page.evaluate(`window.scrollBy(0, ${(await mapOn(page)).y})`);
        await until('the map is at the top', async () => Math.abs((await mapOn(page)).y) < 2);
        const map = await mapOn(page);
        const nav = await page.locator('.nav').boundingBox();
        const end = nav && nav.y > 0 ? nav.y : height;
        // As wide as two fingers.
        expect(end - map.y - map.height).toBeGreaterThanOrEqual(60);
        const before = await page.evaluate<number>('window.scrollY');
        const slide = await fingersOn(page, width / 2, end - 10);
        await slide([0], [0], -40);
        await until('the page has scrolled', async () => (await page.evaluate<number>('window.scrollY')) > before);
      });
    });

    it('fingers that have magnified the page move it on the map, too', async () => {
      const phone = { path: '/ride', width: 390, height: 844, hasTouch: true, language: 'en' } as const;
      await stage.visit(phone, async (page) => {
        const east = lineOf(page, 'ST-105');
        await east.waitFor();
        const magnify = await page.context().newCDPSession(page);
        await magnify.send('Emulation.setPageScaleFactor', { pageScaleFactor: 3 });
        await page.locator('.map[data-magnified="true"]').waitFor();
        const map = await mapOn(page);
        const top = () => page.evaluate<number>('visualViewport.pageTop');
        const slide = await fingersOn(page, 100, Math.max(map.y, 0) + 60);
        const before = await top();
        await slide([0], [0], -50);
        await until('the page has moved', async () => (await top()) > before);
        await east.waitFor();
        await magnify.send('Emulation.setPageScaleFactor', { pageScaleFactor: 1 });
        await page.locator('.map[data-magnified="false"]').waitFor();
      });
    });

    it('a map is moved by keys, and the list follows', async () => {
      await stage.visit({ path: '/ride', width: 390, language: 'en' }, async (page) => {
        await lineOf(page, 'ST-105').waitFor();
        await page.locator('.map').focus();
        for (const key of ['+', '+', '+', '+']) await page.keyboard.press(key);
        await lineOf(page, 'ST-105').waitFor({ state: 'detached' });
        for (const key of ['-', '-', '-', '-']) await page.keyboard.press(key);
        await lineOf(page, 'ST-105').waitFor();
      });
    });

    it('the map follows bikes that operators move', async () => {
      await stage.visit({ path: '/', width: 1440, language: 'en' }, async (page) => {
        await liveLamp(page).waitFor();
        await lineOf(page, 'ST-103').getByText('0 bikes').waitFor();
        const [bikeId = 0] = await stage.registerBikes(1);
        const moves = [{ bikeId, stationId: 'ST-103' }];
        await until('the bike stands there', async () => {
          const { moveBikes } = await stage.operator.request(MoveBikesDocument, { input: { moves } });
          return moveBikes.results.every(({ refusal }) => refusal === null);
        });
        await lineOf(page, 'ST-103').getByText('1 bike').waitFor();
      });
    });

    it('the map has a line where districts meet, and none within one', async () => {
      const opened = (number: number, district: 'EUNPYEONG' | 'SEODAEMUN', longitude: number) => ({
        ...{ number, district, nameKo: `대여소 ${number}`, nameEn: `Station ${number}`, racks: 10 },
        position: { latitude: 37.6, longitude },
      });
      const stations = [
        opened(110, 'EUNPYEONG', 126.93),
        opened(111, 'EUNPYEONG', 126.9266),
        opened(112, 'SEODAEMUN', 126.9334),
      ];
      await stage.operator.request(OpenStationsDocument, { input: { stations } });
      await stage.visit({ path: '/ride?station=ST-110', width: 1440, language: 'en' }, async (page) => {
        await lineOf(page, 'ST-110').waitFor();
        /** How many of the map's pixels are painted, in a square of 20 so far to the right of its middle, and below names. */
        const painted = (right: number) =>
          page.evaluate<number>(`(() => {
            const map = document.querySelector('.map canvas');
            const [x, y] = [map.width / 2 + ${right} - 10, map.height / 2 + 20];
            const { data } = map.getContext('2d').getImageData(x, y, 20, 20);
            return data.filter((value, index) => index % 4 === 3 && value > 0).length;
          })()`);
        // The stations are 300 meters apart, and a pixel is 2.5.
        await until('the border is drawn', async () => (await painted(60)) > 10);
        expect(await painted(60)).toBeLessThan(80);
        expect(await painted(-60)).toBe(0);
      });
    });
  });
});
