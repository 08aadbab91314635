/** What the search says that is on every page of operators. */
import { type Count, counted, formatCount } from '../../shared/i18n/numbers.ts';

const ko = {
  label: '자전거, 예약, 대여소, 이용자의 번호나 이름',
  hint: '위아래 화살표로 고르고 엔터로 엽니다. #45는 예약, ST-101은 대여소입니다.',
  searching: '찾는 중입니다.',
  found: (count: Count) => `${formatCount(count)}건을 찾았습니다.`,
  nothing: '찾은 것이 없습니다.',
  partial: '응답하지 않는 서비스가 있어 빠진 것이 있을 수 있습니다.',
  station: (number: number, name: string) => `${number}. ${name}`,
};

const en: typeof ko = {
  label: 'Number or name of a bike, reservation, station or rider',
  hint: 'Up and down choose, Enter opens. #45 is a reservation, ST-101 a station.',
  searching: 'Searching …',
  found: (count) => `${counted(count, 'result')}.`,
  nothing: 'Nothing found.',
  partial: 'Some services do not answer: there may be more.',
  station: (number, name) => `${number}. ${name}`,
};

export const searchWords = { ko, en };
