/** What every page says: the frame around it, who is signed in, the names of the domain. */
import { isSilence } from '../../../../schema/client/client.ts';
import type {
  BikeCondition,
  FaultKind,
  PointEntryKind,
  ReserveStatus,
} from '../../../../schema/client/generated/graphql.ts';
import type { SessionNotice } from '../session/provider.ts';
import { namesOf } from './names-of.ts';
import { refusalsEn, refusalsKo } from './refusals.ts';
import { type Count, formatCount, formatSigned } from './numbers.ts';
import { ago, duration } from './units.ts';

const wholeMinutes = (ms: number) => Math.round(ms / 60_000) * 60_000;

type Names<Key extends string> = Record<Key, string>;

const errorKo: Record<string, string> = {
  UNAUTHENTICATED: '로그인이 필요하거나 만료되었습니다.',
  TOKEN_EXPIRED: '로그인이 만료되었습니다.',
  FORBIDDEN: '이 역할로는 할 수 없습니다.',
  BAD_USER_INPUT: '입력한 값이 올바르지 않습니다.',
  CONNECTION_LOST: '서버가 응답하지 않습니다. 잠시 뒤에 다시 시도하세요.',
  SERVICE_UNAVAILABLE: '지금은 처리할 수 없습니다. 잠시 뒤에 다시 시도하세요.',
  TOO_MANY_REQUESTS: '요청이 너무 많습니다. 잠시 뒤에 다시 시도하세요.',
  CONFLICT: '다른 요청과 겹쳤습니다. 다시 시도하세요.',
};

const errorEn: typeof errorKo = {
  UNAUTHENTICATED: 'Sign in first, or again.',
  TOKEN_EXPIRED: 'Sign in again.',
  FORBIDDEN: 'This role may not do that.',
  BAD_USER_INPUT: 'A value is not valid.',
  CONNECTION_LOST: 'The server does not answer. Try again in a moment.',
  SERVICE_UNAVAILABLE: 'Not possible just now. Try again in a moment.',
  TOO_MANY_REQUESTS: 'Too many requests. Try again in a moment.',
  CONFLICT: 'Others wanted the same at that moment. Try again.',
};

/** Of an error that nobody has words for, with its message, if it has one. */
function errorIn(told: typeof errorKo, wentWrong: string, code: string, message: string): string {
  return told[isSilence(code) ? 'CONNECTION_LOST' : code] ?? `${wentWrong} (${code})${message ? `: ${message}` : '.'}`;
}

const eventKo: Record<string, string> = {
  BikeRegistered: '자전거 등록',
  BikeConditionChanged: '자전거 상태 변경',
  FaultReported: '고장 신고',
  FaultsClosed: '고장 확인',
  BikeSlotOpened: '예약 대상 자전거 추가',
  BikeSlotChanged: '예약 대상 자전거 상태 변경',
  PointPurchaseApproved: '포인트 결제 승인',
  PointPurchaseDeclined: '포인트 결제 거절',
  PointsIncreased: '포인트 적립',
  PointsDeducted: '포인트 차감',
  PointsRefused: '포인트 부족',
  PointsRestored: '포인트 환불',
  OvertimeCharged: '초과요금 부과',
  OvertimeRestored: '초과요금 환불',
  ReturnReported: '반납 미인식 신고',
  ReturnSettled: '반납 신고 처리',
  ReturnRejected: '반납 신고 반려',
  ReservationRequested: '예약 요청',
  ReservationConfirmed: '예약 확정',
  ReservationRejected: '예약 거절',
  ReservationCancelled: '예약 취소',
  ReservationExpired: '예약 만료',
  ReservationsRefused: '예약 시도 거절',
  ReservationSettled: '예약 요금 정산',
  RideStarted: '대여 시작',
  BikeReturned: '반납',
  BikeMoved: '자전거 이동',
  WaitingBegan: '자전거 대기 시작',
  BikeOffered: '대기자에게 알림',
  BikeOfferWithdrawn: '알림 취소',
  WaitingEnded: '자전거 대기 끝',
  StationOpened: '대여소 개설',
  StationChanged: '대여소 변경',
  StationClosed: '대여소 폐쇄',
};

const colorKo: Record<string, string> = {
  green: '초록',
  white: '하양',
  blue: '파랑',
  yellow: '노랑',
  black: '검정',
  red: '빨강',
};

const statusKo = namesOf<Names<ReserveStatus>>({
  PENDING: '처리 중',
  RESERVED: '예약됨',
  IN_USE: '이용 중',
  RETURNED: '반납완료',
  CANCELLED: '예약취소',
  EXPIRED: '예약 만료',
  REJECTED: '거절됨',
});

const statusEn = namesOf<Names<ReserveStatus>>({
  PENDING: 'Pending',
  RESERVED: 'Reserved',
  IN_USE: 'In use',
  RETURNED: 'Returned',
  CANCELLED: 'Cancelled',
  EXPIRED: 'Expired',
  REJECTED: 'Rejected',
});

const conditionKo = namesOf<Names<BikeCondition>>({
  IN_SERVICE: '운행 중',
  MAINTENANCE: '정비 중',
  LOST: '분실',
  RETIRED: '폐기',
});

const conditionEn = namesOf<Names<BikeCondition>>({
  IN_SERVICE: 'In service',
  MAINTENANCE: 'In repair',
  LOST: 'Lost',
  RETIRED: 'Retired',
});

const faultKo = namesOf<Names<FaultKind>>({
  BRAKES: '브레이크',
  CHAIN: '체인·페달',
  TIRE: '타이어·바퀴',
  SADDLE: '안장',
  LIGHT: '조명',
  LOCK: '잠금장치',
  OTHER: '그 밖',
});

const faultEn = namesOf<Names<FaultKind>>({
  BRAKES: 'Brakes',
  CHAIN: 'Chain or pedals',
  TIRE: 'Tires or wheels',
  SADDLE: 'Saddle',
  LIGHT: 'Lights',
  LOCK: 'Lock',
  OTHER: 'Something else',
});

const entryKo = namesOf<Names<PointEntryKind>>({
  PURCHASED: '충전',
  DEDUCTED: '예약 요금',
  RESTORED: '환불',
  OVERTIME: '초과요금',
  COMPENSATED: '정정',
});

const entryEn = namesOf<Names<PointEntryKind>>({
  PURCHASED: 'Bought',
  DEDUCTED: 'Reservation fee',
  RESTORED: 'Refund',
  OVERTIME: 'Overtime',
  COMPENSATED: 'Correction',
});

const signInKo: Names<SessionNotice> = {
  cancelled: '로그인을 취소했습니다.',
  away: '로그인 서비스가 응답하지 않습니다. 잠시 뒤에 다시 시도하세요.',
  stale: '로그인 절차가 이 브라우저에서 시작되지 않았거나 너무 오래되었습니다. 다시 로그인하세요.',
  mixedUp: '요청한 곳이 아닌 다른 로그인 서비스가 응답해서 로그인하지 않았습니다. 다시 로그인하세요.',
  clock: '로그인 서비스와 이 서비스의 시계가 서로 달라서 로그인할 수 없습니다. 운영자에게 알려 주세요.',
  otherAudience: '다른 서비스에 쓰는 로그인이라서 여기서는 쓸 수 없습니다. 운영자에게 알려 주세요.',
  noRole: '이 계정에는 여기서 쓸 수 있는 역할이 없습니다. 다른 계정으로 로그인하거나 운영자에게 문의하세요.',
  unusable: '로그인 서비스의 응답을 쓸 수 없습니다. 운영자에게 알려 주세요.',
  ended: '로그아웃되었습니다. 다시 로그인하세요.',
  outHere: '여기서는 로그아웃했지만 로그인 서비스가 응답하지 않았습니다. 그곳에는 아직 로그인되어 있을 수 있습니다.',
  stillIn: '서버가 응답하지 않아 로그아웃하지 못했습니다. 다시 시도하세요.',
};

const signInEn: typeof signInKo = {
  cancelled: 'You did not sign in.',
  away: 'The sign-in service does not answer. Try again in a moment.',
  stale: 'This was not begun in this browser, or too long ago. Sign in again.',
  mixedUp: 'Another sign-in service answered than the one that was asked, so you are not signed in. Sign in again.',
  clock: 'The clocks of the sign-in service and of this one differ too much. Please tell the operators.',
  otherAudience: 'This sign-in is for another service and cannot be used here. Please tell the operators.',
  noRole: 'This account has no role here. Sign in with another, or ask the operators.',
  unusable: 'The answer of the sign-in service cannot be used. Please tell the operators.',
  ended: 'You are signed out. Sign in again.',
  outHere: 'You are signed out here, but the sign-in service did not answer: you may still be signed in there.',
  stillIn: 'The server does not answer: you are still signed in. Try again.',
};

const ko = {
  name: '따릉이',
  pages: { dashboard: '현황', ride: '대여', fleet: '운영', playground: 'GraphQL' },
  pageTitles: {
    dashboard: '예약 현황',
    ride: '내 대여',
    fleet: '운영 관리',
    playground: 'GraphQL 실험실',
    developers: '개발자 안내',
  },
  developers: '열린 데이터와 API: 개발자 안내',
  navigation: '페이지',
  skip: '본문으로',
  searchEverything: '무엇이든 찾기',
  bikeTitle: (bikeId: number) => `자전거 ${bikeId}`,
  riderTitle: (userId: string) => `이용자 ${userId}`,
  reservationTitle: (reserveNo: number) => `예약 ${reserveNo}`,
  language: '언어',
  theme: '화면 테마',
  themes: { system: '기기 설정', light: '밝게', dark: '어둡게' },
  seoulTime: '서울 시각 (KST, UTC+9)',
  live: '실시간',
  connecting: '연결하는 중',
  reconnecting: (since: string) => `${since}부터 끊김`,
  signedOut: '로그아웃됨',
  noAccess: '권한 없음',
  signIn: '로그인',
  signedIn: '로그인한 계정',
  signInFirst: '로그인하면 모든 기능을 쓸 수 있습니다.',
  signInNotices: signInKo,
  signInAs: '계정 선택',
  userId: '아이디',
  fieldMissing: '입력하세요.',
  userIdMissing: '아이디를 입력하세요.',
  role: '역할',
  roles: { rider: '이용자', operator: '운영자', auditor: '감사 담당자', admin: '관리자' },
  signInFailed: '로그인하지 못했습니다.',
  unknownOrigin: (origin: string) =>
    `이 주소에서는 로그인할 수 없습니다. 개발용 로그인은 CORS_ORIGINS에 ${origin}이(가) 있어야 합니다.`,
  signOut: '로그아웃',
  nobody: '로그아웃 상태',
  account: '계정과 화면 설정',
  pasteToken: '토큰 (JWT)',
  notAToken: '토큰의 형식이 아닙니다.',
  noServer: '서버가 응답하지 않습니다. 다시 시도하는 중입니다.',
  skewed: (ms: number, isAhead: boolean) =>
    `이 기기의 시계가 ${duration(wholeMinutes(ms), 'ko')} ${isAhead ? '빠릅니다' : '느립니다'}. 이 화면의 시간은 서버 시계를 따릅니다.`,
  loading: '불러오는 중입니다.',
  failed: '이 내용을 표시할 수 없습니다.',
  reload: '새로 고침',
  statusNames: statusKo,
  conditionNames: conditionKo,
  faultNames: faultKo,
  step: { start: '대여 시작', return: '반납', cancel: '취소' },
  refusal: refusalsKo,
  noteUnfit: '탭이나 보이지 않는 문자처럼 쓸 수 없는 문자가 있습니다. 지워 주세요.',
  timeWithin: '자전거를 탄 시간 안의 시각을 넣어 주세요.',
  error: (code: string, message: string) => errorIn(errorKo, '오류가 났습니다', code, message),
  event: (eventType: string) => eventKo[eventType] ?? eventType,
  colorName: (color: string) => colorKo[color] ?? color,
  ago: (ms: number) => ago(ms, 'ko', '방금'),
  pending: '처리 중…',
  onItsWay: '접수했습니다. 결과는 곧 나타납니다.',
  reservationIs: (reserveNo: number, status: string) => `예약 ${reserveNo}: ${status}`,
  reserveNo: '예약번호',
  entryKinds: entryKo,
  newest: (count: Count) => `최근 ${formatCount(count)}건`,
  noBikes: '아직 자전거가 없습니다.',
  registerBikes: '자전거 등록하기',
  parkedEvents: '보류 이벤트',
  bikeNumber: '자전거 번호',
  stationNumber: '대여소 번호',
  bikeIs: (bikeId: number, what: string) => `자전거 ${bikeId}, ${what}`,
  bike: '자전거',
  rider: '이용자',
  status: '상태',
  close: '닫기',
  more: '더 보기',
  points: (points: Count) => `${formatCount(points)}P`,
  pointsMoved: (points: Count) => `${formatSigned(points)}P`,
};

const en: typeof ko = {
  name: 'Ttareungi',
  pages: { dashboard: 'Live', ride: 'Ride', fleet: 'Fleet', playground: 'GraphQL' },
  pageTitles: {
    dashboard: 'Reservations live',
    ride: 'My rides',
    fleet: 'Fleet operations',
    playground: 'GraphQL playground',
    developers: 'For developers',
  },
  developers: 'Open data and API: for developers',
  navigation: 'Pages',
  skip: 'To the content',
  searchEverything: 'Search everything',
  bikeTitle: (bikeId) => `Bike ${bikeId}`,
  riderTitle: (userId) => `Rider ${userId}`,
  reservationTitle: (reserveNo) => `Reservation ${reserveNo}`,
  language: 'Language',
  theme: 'Theme',
  themes: { system: 'As the device', light: 'Light', dark: 'Dark' },
  seoulTime: 'Time in Seoul (KST, UTC+9)',
  live: 'Live',
  connecting: 'Connecting',
  reconnecting: (since) => `Lost since ${since}`,
  signedOut: 'Signed out',
  noAccess: 'No access',
  signIn: 'Sign in',
  signedIn: 'Signed in',
  signInFirst: 'Sign in to use everything here.',
  signInNotices: signInEn,
  signInAs: 'Choose an account',
  userId: 'User ID',
  fieldMissing: 'Please fill this in.',
  userIdMissing: 'Enter a user ID.',
  role: 'Role',
  roles: { rider: 'Rider', operator: 'Operator', auditor: 'Auditor', admin: 'Admin' },
  signInFailed: 'Could not sign in.',
  unknownOrigin: (origin) => `Nobody can sign in from this address: CORS_ORIGINS must name ${origin}.`,
  signOut: 'Sign out',
  nobody: 'Signed out',
  account: 'Account and display',
  pasteToken: 'Token (JWT)',
  notAToken: 'This is not a token.',
  noServer: 'The server does not answer. Trying again.',
  skewed: (ms, isAhead) =>
    `The clock of your device is ${duration(wholeMinutes(ms), 'en')} ${isAhead ? 'fast' : 'slow'}. Times here go by the server's clock.`,
  loading: 'Loading.',
  failed: 'This cannot be shown.',
  reload: 'Reload',
  statusNames: statusEn,
  conditionNames: conditionEn,
  faultNames: faultEn,
  step: { start: 'Start ride', return: 'Return', cancel: 'Cancel' },
  refusal: refusalsEn,
  noteUnfit: 'It has a character that cannot be used, such as a tab or one that cannot be seen: remove it.',
  timeWithin: 'Enter a time within the ride.',
  error: (code, message) => errorIn(errorEn, 'Something went wrong', code, message),
  event: (eventType) => eventType.replace(/(?<=[a-z])(?=[A-Z])/g, ' '),
  colorName: (color) => color,
  ago: (ms) => ago(ms, 'en', 'just now'),
  pending: 'Working…',
  onItsWay: 'Accepted. The outcome will show soon.',
  reservationIs: (reserveNo, status) => `Reservation ${reserveNo}: ${status}`,
  reserveNo: 'No.',
  entryKinds: entryEn,
  newest: (count) => `newest ${formatCount(count)}`,
  noBikes: 'No bikes yet.',
  registerBikes: 'Register bikes',
  parkedEvents: 'Parked events',
  bikeNumber: 'Bike number',
  stationNumber: 'Station number',
  bikeIs: (bikeId, what) => `Bike ${bikeId}, ${what}`,
  bike: 'Bike',
  rider: 'Rider',
  status: 'Status',
  close: 'Close',
  more: 'Show more',
  points: (points) => `${formatCount(points)}P`,
  pointsMoved: (points) => `${formatSigned(points)}P`,
};

export const sharedWords = { ko, en };
