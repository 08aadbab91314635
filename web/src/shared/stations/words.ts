/** What a map of stations says, on every page that has one. */
import { type Count, counted, formatCount } from '../i18n/numbers.ts';

/** To ten meters, and kilometers beyond one: nobody walks by the meter. */
const distance = (meters: number) =>
  meters < 995 ? `${Math.round(meters / 10) * 10} m` : `${(meters / 1000).toFixed(1)} km`;

const ko = {
  stations: '대여소',
  count: (all: Count) => `${formatCount(all)}곳`,
  showMap: '지도 보기',
  hideMap: '지도 접기',
  search: '대여소 찾기',
  searchHint: '이름, 번호, 주소나 자치구',
  map: '대여소 지도',
  mapHint: '화살표 키로 움직이고, 더하기와 빼기로 확대하고 축소합니다. 옆의 목록에 같은 내용이 있습니다.',
  zoomIn: '확대',
  zoomOut: '축소',
  everything: '전체 보기',
  nearMe: '내 주변',
  locating: '위치를 확인하는 중입니다.',
  locationRefused: '위치를 쓸 수 없습니다. 브라우저에서 허용하거나 이름으로 찾으세요.',
  locationUnknown: '위치를 알 수 없습니다. 이름으로 찾으세요.',
  bikes: (count: Count) => `자전거 ${formatCount(count)}`,
  racks: (count: Count) => `빈 거치대 ${formatCount(count)}`,
  full: '거치대 없음',
  empty: '자전거 없음',
  closed: '폐쇄됨',
  unknown: '지금은 대수를 알 수 없습니다',
  legend: { bikes: '대여 가능', empty: '없음', full: '만차', closed: '폐쇄' },
  number: (number: number) => `${number}번`,
  far: distance,
  none: '찾은 대여소가 없습니다.',
  shown: (shown: Count, all: Count) => `${formatCount(all)}곳 중 ${formatCount(shown)}곳`,
  away: '지금은 대여소를 불러올 수 없습니다. 다시 시도하는 중입니다.',
  outdated: (since: string) => `${since}부터 새로 불러오지 못했습니다. 다시 시도하는 중입니다.`,
  noneYet: '아직 대여소가 없습니다. 서울 열린데이터광장의 파일을 가져오려면:',
};

const en: typeof ko = {
  stations: 'Stations',
  count: (all) => formatCount(all),
  showMap: 'Show the map',
  hideMap: 'Hide the map',
  search: 'Find a station',
  searchHint: 'Name, number, address or district',
  map: 'Map of stations',
  mapHint: 'Arrow keys move it, plus and minus zoom. The list beside it says the same.',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  everything: 'Show all',
  nearMe: 'Near me',
  locating: 'Finding where you are.',
  locationRefused: 'Your position may not be used. Allow it in the browser, or search by name.',
  locationUnknown: 'Your position is not known. Search by name.',
  bikes: (count) => counted(count, 'bike'),
  racks: (count) => `${counted(count, 'rack')} free`,
  full: 'No free rack',
  empty: 'No bikes',
  closed: 'Closed',
  unknown: 'Its bikes are not known just now',
  legend: { bikes: 'Bikes', empty: 'None', full: 'Full', closed: 'Closed' },
  number: (number) => `No. ${number}`,
  far: distance,
  none: 'No station found.',
  shown: (shown, all) => `${formatCount(shown)} of ${formatCount(all)}`,
  away: 'Stations cannot be shown just now. Trying again.',
  outdated: (since) => `Not up to date since ${since}. Trying again.`,
  noneYet: 'There are no stations yet. To import the file of the Seoul Open Data Plaza:',
};

export const stationWords = { ko, en };
