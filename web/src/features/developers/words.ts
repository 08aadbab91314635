/** What developers of other apps are told. What stands between ` is code. */
import type { Scope } from '../../../../schema/scopes.ts';
import type { Step } from './calls.ts';

const scopesKo: Record<Scope, string> = {
  rides: '예약, 대기, 대여, 반납, 이용자의 예약 보기',
  balance: '이용자의 포인트와 미납금 보기',
};
const scopesEn: typeof scopesKo = {
  rides: 'reserve, wait for, ride and give back bikes, and see the rider’s reservations',
  balance: 'see how many points the rider has, and owes',
};

const stepsKo: Record<Step, string> = {
  find: '자전거 찾기: 가까운 순서로, 또는 GBFS의 `vehicle_id`로',
  reserve: '예약: 자전거나 대여소를 지정하면 결과가 나올 때까지 기다립니다',
  follow: '지켜보기: WebSocket이나 SSE로. 마지막 `cursor` 다음부터 이어 받으면 놓치는 것이 없습니다',
  cancel: '취소: 예약금을 돌려받습니다. 시간이 지나 끝나도 같습니다',
  ride: '대여 시작과 반납: 대여소나 위치에',
  wait: '자전거 기다리기: 차례가 오면 알립니다',
};
const stepsEn: typeof stepsKo = {
  find: 'Find a bike: the nearest first, or by its `vehicle_id` in GBFS',
  reserve: 'Reserve: a bike, or any at a station; it waits for the outcome',
  follow: 'Follow: over WebSocket or server-sent events; after the last `cursor` nothing is missed',
  cancel: 'Cancel: the fee comes back, as it does when the hold runs out',
  ride: 'Start the ride and give the bike back: at a station or a position',
  wait: 'Wait for a free one: told in turn',
};

const ko = {
  intro:
    '자전거와 대여소가 어디에 있는지는 누구나 토큰 없이 읽을 수 있습니다. 길찾기 같은 다른 앱은 동의한 이용자를 대신해 예약할 수 있습니다.',
  openData: '열린 데이터',
  openDataAbout:
    '키도 토큰도 필요 없고, 어느 웹페이지에서나 읽을 수 있습니다. 예약이나 반납은 2초 안에 반영됩니다. `ETag`를 `If-None-Match`로 보내면 바뀌지 않은 것은 304로 답합니다.',
  gbfs: (version: string) => `GBFS ${version}`,
  bikeList: (type: string) => `서울시 bikeList (${type})`,
  bikeListAbout: '한 번에 1,000곳까지. `list_total_count`가 1000이면 다음 1,000곳이 있을 수 있습니다.',
  truths:
    '`is_reserved`는 예약하는 순간부터 취소, 만료, 대여 시작까지 참입니다. 대여 중인 자전거는 목록에 없고, 대여가 끝나면 `vehicle_id`가 바뀝니다.',
  licence: '퍼블릭 도메인(CC0-1.0)입니다. 문의할 주소는 `feed_contact_email`에 있습니다:',
  links: '예약을 여는 링크',
  linksAbout:
    '등록 없이 쓸 수 있는 가장 짧은 길입니다. GBFS에는 `rental_uris.web`에 들어 있습니다. 화면의 언어는 `&lang=ko`나 `&lang=en`으로 정합니다.',
  linkToStation: '대여소',
  linkToVehicle: 'GBFS의 자전거 (다음 대여가 끝나면 쓸 수 없음)',
  noLinks: '지금은 GBFS에 링크가 없습니다. `PUBLIC_URL`을 설정하면 들어갑니다.',
  reserving: '이용자를 대신해 예약하기',
  register: '서비스 운영자에게 앱을 알려 OpenID 제공자에 클라이언트로 등록하고, 요청할 수 있는 권한(scope)을 정합니다.',
  issuer: 'OpenID 제공자',
  audience: '토큰의 대상 (audience)',
  consent:
    '이용자를 그곳으로 보냅니다(authorization code, PKCE). 이용자가 로그인해 무엇을 허락하는지 보고 동의하거나 거절합니다. 동의는 언제든 그곳에서 거둘 수 있습니다.',
  call: '받은 액세스 토큰으로 GraphQL을 부릅니다. 토큰은 동의한 권한만 열고, 결제와 운영 기능은 열지 않습니다.',
  scope: '권한',
  allows: '할 수 있는 일',
  scopes: scopesKo,
  step: '단계',
  fields: '필드',
  steps: stepsKo,
  example: '예약 요청',
  tokenExample: '개발 환경에서 시험할 토큰',
  facts: '알아 둘 것',
  idempotency:
    '변경 요청에는 `idempotencyKey`를 붙이세요. 답을 받지 못했을 때 같은 키로 다시 보내면 첫 번째 답을 받고, 두 번 예약되지 않습니다.',
  refusals:
    '거절은 오류가 아니라 데이터입니다: HTTP 200의 `refusal { code because }`. `alternatives`는 가까운 자전거입니다.',
  errors:
    '오류에는 `extensions.code`가 있습니다. `SERVICE_UNAVAILABLE`과 `CONFLICT`는 같은 키로 다시, `UNAUTHENTICATED`와 `TOKEN_EXPIRED`는 새 토큰으로. 너무 잦으면 429와 `retry-after`로 답합니다.',
  tryIt: '요청을 써 보려면:',
};

const en: typeof ko = {
  intro:
    'Where bikes and stations are, anybody may read without a token. An app of your own, such as a journey planner, may reserve for a rider who agreed to it.',
  openData: 'Open data',
  openDataAbout:
    'Without a key or a token, from any page or program. What was decided is in it within two seconds. Send the `ETag` as `If-None-Match`, and what has not changed answers 304.',
  gbfs: (version) => `GBFS ${version}`,
  bikeList: (type) => `Seoul’s bikeList (${type})`,
  bikeListAbout: 'At most 1,000 stations a call; while `list_total_count` is 1000 there may be more.',
  truths:
    '`is_reserved` is true from the claim until the reservation is cancelled or runs out, or the ride begins. A bike on a ride is not listed, and after the ride it has another `vehicle_id`.',
  licence: 'Public domain (CC0-1.0). Whom to write to is said by `feed_contact_email` in',
  links: 'Links that open a reservation',
  linksAbout:
    'The shortest way, with nothing to register. GBFS has them as `rental_uris.web`. `&lang=ko` or `&lang=en` chooses the language of the page.',
  linkToStation: 'A station',
  linkToVehicle: 'A bike of GBFS (until its next ride is over)',
  noLinks: 'GBFS has none now: it has them where `PUBLIC_URL` is set.',
  reserving: 'Reserve for a rider',
  register:
    'Tell the operators of your app: they register it as a client at the OpenID provider, with the scopes that it may ask for.',
  issuer: 'OpenID provider',
  audience: 'Audience of tokens',
  consent:
    'Send the rider there: authorization code with PKCE. They sign in, see what is asked, and say yes or no. They take it back there at any time.',
  call: 'Call GraphQL with the access token. It opens what the rider agreed to: no payments, and nothing of staff.',
  scope: 'Scope',
  allows: 'Allows to',
  scopes: scopesEn,
  step: 'Step',
  fields: 'Fields',
  steps: stepsEn,
  example: 'A reservation',
  tokenExample: 'A token to try it with, in development',
  facts: 'Good to know',
  idempotency:
    'Give every mutation an `idempotencyKey`. No answer? The same key again gets the first answer, never a second bike.',
  refusals:
    'Refusals are data, not errors: `refusal { code because }` with HTTP 200. `alternatives` names bikes near by.',
  errors:
    'Errors have an `extensions.code`. `SERVICE_UNAVAILABLE`, `CONFLICT`: again with the same key. `UNAUTHENTICATED`, `TOKEN_EXPIRED`: with another token. Who asks too often gets 429 with `retry-after`.',
  tryIt: 'To try requests:',
};

export const developersWords = { ko, en };
