import { expect, it } from '@jest/globals';
import { ago, briefly, duration, minutes } from './units.ts';

it('a duration is said as people say it, also when there is one of it', () => {
  expect([minutes(10, 'ko'), minutes(1, 'en'), minutes(10, 'en'), minutes(60, 'ko'), minutes(0.5, 'en')]).toEqual([
    '10분',
    '1 minute',
    '10 minutes',
    '60분',
    '30 seconds',
  ]);
  const hourMs = 3_600_000;
  expect([3, 3.5, 50].flatMap((hours) => [duration(hours * hourMs, 'ko'), duration(hours * hourMs, 'en')])).toEqual([
    '3시간',
    '3 hours',
    '3시간 30분',
    '3 hours 30 minutes',
    '2일',
    '2 days',
  ]);
});

it('what is past is told the coarser the older it is', () => {
  const seconds = [0, 4, 7, 59, 60, 3_599, 3_600, 86_400, 200_000];
  expect(seconds.map((past) => ago(past * 1_000, 'ko', '방금'))).toEqual([
    '방금',
    '방금',
    '5초 전',
    '55초 전',
    '1분 전',
    '59분 전',
    '1시간 전',
    '1일 전',
    '2일 전',
  ]);
  expect(ago(7_000, 'en', 'just now')).toMatch(/^5\s?s ago$/);
});

it('what was measured is told in little room', () => {
  const said = (language: 'ko' | 'en') => [250, 486.5, 999.6, 1_240, 180_000].map((ms) => briefly(ms, language));
  expect(said('ko')).toEqual(['250ms', '487ms', '1초', '1.2초', '3분']);
  expect(said('en')).toEqual(['250 ms', '487 ms', '1 sec', '1.2 sec', '3 min']);
});
