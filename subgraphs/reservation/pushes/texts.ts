import type { Occasion } from './occasions.ts';
import type { PushLanguage } from './subscriptions.ts';

export interface PushText {
  title: string;
  body: string;
}

/** What a browser shows, of a page that is closed: so it is said here. */
export function textOf({ kind, bikeId, until }: Occasion, language: PushLanguage): PushText {
  const time = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Asia/Seoul',
    hour: '2-digit',
    minute: '2-digit',
  }).format(new Date(until));
  return { title: titles[language], body: bodies[language][kind](bikeId, time) };
}

const titles: Record<PushLanguage, string> = { KO: '따릉이', EN: 'Ttareungi' };

const bodies: Record<PushLanguage, Record<Occasion['kind'], (bikeId: number, time: string) => string>> = {
  KO: {
    HOLD_ENDS: (bikeId, time) => `${bikeId}번 자전거 예약이 ${time}에 끝납니다. 그 전에 이용을 시작하세요.`,
    OVERTIME_BEGINS: (bikeId, time) => `${bikeId}번 자전거는 ${time}까지 추가 요금이 없습니다. 그 전에 반납하세요.`,
    BIKE_OFFERED: (bikeId, time) => `${bikeId}번 자전거가 비었습니다. ${time}까지 먼저 예약할 수 있습니다.`,
  },
  EN: {
    HOLD_ENDS: (bikeId, time) => `Bike ${bikeId} is held for you until ${time}. Start the ride before.`,
    OVERTIME_BEGINS: (bikeId, time) => `Bike ${bikeId} costs nothing more until ${time}. Return it before.`,
    BIKE_OFFERED: (bikeId, time) => `Bike ${bikeId} is free. You are first to reserve it until ${time}.`,
  },
};
