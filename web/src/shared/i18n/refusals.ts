/** Every refusal in words, and what to do about it. A code that is missing here does not compile. */
import type { RefusalCode } from '../../../../schema/client/generated/graphql.ts';
import { namesOf } from './names-of.ts';

export interface RefusalWords {
  /** What is the matter. */
  because: string;
  /** What to do next. */
  next: string;
}

/** A code that a newer server gives to a page that was open before it. */
const otherKo: RefusalWords = { because: '지금은 할 수 없습니다.', next: '페이지를 새로 고친 뒤 다시 시도하세요.' };
const otherEn: RefusalWords = { because: 'Not possible now.', next: 'Reload the page, then try again.' };

export const inFull = ({ because, next }: RefusalWords) => `${because} ${next}`;

export const refusalsKo = namesOf<Record<RefusalCode, RefusalWords>>(
  {
    INSUFFICIENT_POINTS: { because: '포인트가 모자랍니다.', next: '포인트를 충전한 뒤 다시 예약하세요.' },
    NO_POINT_ACCOUNT: { because: '포인트를 충전한 적이 없습니다.', next: '포인트를 충전하면 바로 예약할 수 있습니다.' },
    BIKE_ALREADY_RESERVED: { because: '다른 이용자가 예약한 자전거입니다.', next: '다른 자전거를 고르세요.' },
    RIDER_HAS_LIVE_RESERVATION: {
      because: '진행 중인 예약이 이미 있습니다.',
      next: '그 예약을 취소하거나 반납한 뒤 다시 예약하세요.',
    },
    BIKE_NOT_FOUND: { because: '없는 자전거 번호입니다.', next: '자전거에 적힌 번호를 확인하세요.' },
    BIKE_NOT_IN_SERVICE: { because: '운행하지 않는 자전거입니다.', next: '다른 자전거를 고르세요.' },
    RESERVATION_NOT_FOUND: { because: '없는 예약 번호입니다.', next: '번호를 확인하세요.' },
    NOT_CANCELLABLE: { because: '대여를 시작했거나 끝난 예약입니다.', next: '이용 중이라면 반납하세요.' },
    NOT_STARTABLE: { because: '확정된 예약만 대여를 시작할 수 있습니다.', next: '예약 상태를 확인하세요.' },
    NOT_RETURNABLE: {
      because: '확정된 예약이나 이용 중인 자전거만 반납할 수 있습니다.',
      next: '예약 상태를 확인하세요.',
    },
    INVALID_PRICE: { because: '이 금액은 충전할 수 없습니다.', next: '금액을 고쳐 주세요.' },
    PAYMENT_DECLINED: { because: '결제가 거절되었습니다.', next: '다른 결제 수단으로 다시 시도하세요.' },
    PAYMENT_MISMATCH: {
      because: '결제된 금액이 요청한 금액과 달라 포인트를 충전하지 않았습니다.',
      next: '고객센터에 문의하세요.',
    },
    OUTSTANDING_DEBT: {
      because: '지난 이용의 초과요금이 남아 있습니다.',
      next: '남은 금액만큼 포인트를 충전하면 풀립니다.',
    },
    IDEMPOTENCY_KEY_REUSED: { because: '같은 요청 번호가 다른 내용으로 쓰였습니다.', next: '다시 시도하세요.' },
    INVALID_COLOR: { because: '색은 1자부터 40자까지 쓸 수 있습니다.', next: '색을 고쳐 주세요.' },
    INVALID_DATE: { because: '날짜가 올바르지 않습니다.', next: '날짜를 고쳐 주세요.' },
    STATION_NOT_FOUND: { because: '없는 대여소 번호입니다.', next: '번호를 확인하세요.' },
    STATION_CLOSED: { because: '운영하지 않는 대여소입니다.', next: '다른 대여소를 고르세요.' },
    NO_BIKE_AT_STATION: {
      because: '지금 이 대여소에는 빌릴 수 있는 자전거가 없습니다.',
      next: '다른 대여소를 고르세요.',
    },
    NOT_REPORTABLE: {
      because: '이용 중이거나 7일 안에 끝난 이용의 반납만, 처리되기 전까지 신고할 수 있습니다.',
      next: '이용 기록을 확인하세요.',
    },
    ALREADY_REPORTED: {
      because: '이미 신고되었거나, 더는 신고할 수 없습니다.',
      next: '운영자가 확인할 때까지 기다려 주세요.',
    },
    INVALID_RETURN_TIME: {
      because: '그 시각에는 반납했을 수 없습니다.',
      next: '대여를 시작한 뒤, 지금이나 기록된 반납보다 이른 시각을 적어 주세요.',
    },
    NO_OPEN_REPORT: { because: '처리를 기다리는 신고가 없습니다.', next: '목록을 새로 고쳐 주세요.' },
    BIKE_ON_RIDE: { because: '이용 중인 자전거입니다.', next: '반납된 뒤에 다시 해 주세요.' },
    BIKE_CHANGED: { because: '그사이에 다른 사람이 바꾼 자전거입니다.', next: '지금 상태를 보고 다시 정하세요.' },
    WAITING_LIST_FULL: { because: '대기자가 너무 많습니다.', next: '다른 자전거나 대여소를 고르세요.' },
    PUSH_NOT_POSSIBLE: {
      because: '이 브라우저로는 알림을 보낼 수 없습니다.',
      next: '다른 브라우저에서 해 보세요.',
    },
    NOT_WAITING: { because: '기다리는 자전거가 없습니다.', next: '목록을 새로 고쳐 주세요.' },
    STATION_NUMBER_TAKEN: { because: '이미 운영 중인 대여소의 번호입니다.', next: '다른 번호를 쓰세요.' },
    INVALID_STATION_NUMBER: {
      because: '대여소 번호는 1부터 999,999까지입니다.',
      next: '번호를 고쳐 주세요.',
    },
    INVALID_NAME: {
      because: '이름은 1자부터 100자까지이며 깨진 글자가 없어야 합니다.',
      next: '이름을 고쳐 주세요.',
    },
    INVALID_ADDRESS: {
      because: '주소는 200자까지이며 깨진 글자가 없어야 합니다.',
      next: '주소를 고쳐 주세요.',
    },
    INVALID_POSITION: {
      because: '우리나라 안의 위치가 아닙니다. 위도와 경도가 바뀌었을 수 있습니다.',
      next: '위치를 고쳐 주세요.',
    },
    INVALID_RACKS: { because: '거치대 수는 0부터 1,000까지입니다.', next: '거치대 수를 고쳐 주세요.' },
    INVALID_LINE: { because: '이 줄의 값이 올바르지 않습니다.', next: '줄을 고쳐 주세요.' },
    PARKED_EVENT_NOT_FOUND: { because: '없는 보류 이벤트입니다.', next: '목록을 새로 고쳐 주세요.' },
    NOT_PARKED: {
      because: '이미 처리되었거나 아직 자동으로 다시 시도하는 중인 이벤트입니다.',
      next: '목록을 새로 고쳐 주세요.',
    },
    NOT_FIRST_IN_LINE: {
      because: '같은 흐름에서 먼저 보류된 이벤트가 있습니다.',
      next: '먼저 보류된 이벤트를 처리해 주세요.',
    },
    STILL_FAILING: { because: '다시 처리했지만 또 실패했습니다.', next: '원인을 고친 뒤 다시 해 주세요.' },
    REBUILD_UNDER_WAY: { because: '현황판을 이미 다시 만들고 있습니다.', next: '끝날 때까지 기다려 주세요.' },
  },
  () => otherKo,
);

export const refusalsEn: typeof refusalsKo = namesOf(
  {
    INSUFFICIENT_POINTS: { because: 'Not enough points.', next: 'Buy points, then reserve again.' },
    NO_POINT_ACCOUNT: { because: 'No points were ever bought.', next: 'Buy points; then you can reserve at once.' },
    BIKE_ALREADY_RESERVED: { because: 'Another rider has this bike.', next: 'Choose another one.' },
    RIDER_HAS_LIVE_RESERVATION: {
      because: 'There already is a reservation or a ride.',
      next: 'Cancel or return that one first.',
    },
    BIKE_NOT_FOUND: { because: 'No bike has this number.', next: 'Check the number on the bike.' },
    BIKE_NOT_IN_SERVICE: { because: 'This bike is not in service.', next: 'Choose another one.' },
    RESERVATION_NOT_FOUND: { because: 'No reservation has this number.', next: 'Check the number.' },
    NOT_CANCELLABLE: {
      because: 'The ride has started, or the reservation has ended.',
      next: 'On a ride, return the bike.',
    },
    NOT_STARTABLE: { because: 'Only a confirmed reservation can be started.', next: 'Look at its status.' },
    NOT_RETURNABLE: {
      because: 'Only a confirmed reservation or a ride can be returned.',
      next: 'Look at its status.',
    },
    INVALID_PRICE: { because: 'This amount cannot be bought.', next: 'Correct the amount.' },
    PAYMENT_DECLINED: { because: 'The payment was declined.', next: 'Try again with another means of payment.' },
    PAYMENT_MISMATCH: {
      because: 'Another amount was paid than was asked for, so no points were credited.',
      next: 'Ask the staff.',
    },
    OUTSTANDING_DEBT: {
      because: 'Overtime of an earlier ride is unpaid.',
      next: 'Buying that many points settles it.',
    },
    IDEMPOTENCY_KEY_REUSED: { because: 'The same request number was used for something else.', next: 'Try again.' },
    INVALID_COLOR: { because: 'A color has 1 to 40 characters.', next: 'Correct the color.' },
    INVALID_DATE: { because: 'That date is not possible.', next: 'Correct the date.' },
    STATION_NOT_FOUND: { because: 'No station has this number.', next: 'Check the number.' },
    STATION_CLOSED: { because: 'The station is closed.', next: 'Choose another station.' },
    NO_BIKE_AT_STATION: {
      because: 'No bike at this station can be reserved now.',
      next: 'Choose another station.',
    },
    NOT_REPORTABLE: {
      because: 'Only a ride that goes on, or ended in the last 7 days, can be reported, until that is settled.',
      next: 'Look at your rides.',
    },
    ALREADY_REPORTED: {
      because: 'It is reported already, or you have reported as much of it as you may.',
      next: 'Wait until an operator has looked at it.',
    },
    INVALID_RETURN_TIME: {
      because: 'The bike cannot have been given back then.',
      next: 'Say a time after the ride began, and before now or the return that was recorded.',
    },
    NO_OPEN_REPORT: { because: 'No report waits for an answer.', next: 'Reload the list.' },
    BIKE_ON_RIDE: { because: 'A rider is riding the bike.', next: 'Try again when it is back.' },
    BIKE_CHANGED: { because: 'Somebody changed the bike meanwhile.', next: 'See how it is now, and decide again.' },
    WAITING_LIST_FULL: { because: 'Too many riders wait there already.', next: 'Choose another bike or station.' },
    PUSH_NOT_POSSIBLE: { because: 'Nothing can be pushed to this browser.', next: 'Try another browser.' },
    NOT_WAITING: { because: 'You are not waiting for a bike.', next: 'Load the list again.' },
    STATION_NUMBER_TAKEN: { because: 'A station that is open has this number.', next: 'Use another number.' },
    INVALID_STATION_NUMBER: { because: 'A station has a number from 1 to 999,999.', next: 'Correct the number.' },
    INVALID_NAME: {
      because: 'A name has 1 to 100 characters, and no broken one.',
      next: 'Correct the name.',
    },
    INVALID_ADDRESS: {
      because: 'An address has at most 200 characters, and no broken one.',
      next: 'Correct the address.',
    },
    INVALID_POSITION: {
      because: 'The position is not in Korea; latitude and longitude may be swapped.',
      next: 'Correct the position.',
    },
    INVALID_RACKS: { because: 'A station has 0 to 1,000 racks.', next: 'Correct the racks.' },
    INVALID_LINE: { because: 'Something in this line is not allowed.', next: 'Correct the line.' },
    PARKED_EVENT_NOT_FOUND: { because: 'No parked event has this id.', next: 'Load the list again.' },
    NOT_PARKED: {
      because: 'The event was settled already, or is still being tried again.',
      next: 'Load the list again.',
    },
    NOT_FIRST_IN_LINE: {
      because: 'An earlier event of the same subject is parked.',
      next: 'Settle the earlier one first.',
    },
    STILL_FAILING: { because: 'It was handled again and failed again.', next: 'Fix the cause, then try again.' },
    REBUILD_UNDER_WAY: { because: 'The view is being rebuilt already.', next: 'Wait until it is done.' },
  },
  () => otherEn,
);
