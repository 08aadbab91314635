/** What there is to say of a file that moves bikes, on the page and on the command line. */
import { type Count, counted, formatCount } from '../../shared/i18n/numbers.ts';
import type { Language } from '../../shared/i18n/language.ts';
import type { FileRefusal } from './file-text.ts';
import { longestMoves, type MoveFileProblem, type MoveProblem } from './move-csv.ts';
import { stationWords } from './station-words.ts';
import { fleetWords } from './words.ts';

const ko = {
  title: 'CSV로 여러 대 옮기기',
  hint: '한 줄에 한 대, 첫 칸은 자전거 번호, 둘째 칸은 옮겨 놓을 대여소 번호입니다. 첫 줄은 제목(자전거, 대여소)이어도 됩니다. 무엇이 달라지는지 먼저 보여 주고, 누르면 옮깁니다.',
  choose: '옮길 자전거 파일 고르기',
  looking: '자전거가 지금 있는 곳을 확인하는 중입니다.',
  moving: (count: Count) => `${formatCount(count)}대를 옮깁니다.`,
  unreadable: (count: Count) => `잘못된 줄이 ${formatCount(count)}줄 있습니다.`,
  start: (count: Count) => `${formatCount(count)}대 옮기기`,
  bike: '자전거',
  from: '옮기기 전',
  to: '옮겨 놓을 곳',
  status: {
    ...{ invalid: '읽을 수 없음', waiting: '옮길 예정', moved: '옮김', same: '이미 그곳', back: '되돌림' },
    refused: '옮기지 않음',
  },
  badBike: (said: string) => `"${said}"은(는) 자전거 번호가 아닙니다.`,
  empty: '옮길 자전거가 없는 파일입니다.',
  noBikeColumn: '제목에 "자전거" 칸이 없습니다.',
  noStationColumn: '제목에 "대여소" 칸이 없습니다.',
  tooMany: `${formatCount(longestMoves)}줄이 넘습니다.`,
  tooLarge: '파일이 너무 큽니다. 16MB까지 읽습니다.',
};

const en: typeof ko = {
  title: 'Move bikes by CSV',
  hint: 'A line for each bike: its number, then the number of the station where it is to stand. The first line may be a heading (bike, station). What will happen is shown first; nothing moves before you say so.',
  choose: 'Choose a file of moves',
  looking: 'Looking up where the bikes are …',
  moving: (count) => `${counted(count, 'bike')} will move.`,
  unreadable: (count) => `${counted(count, 'line is', 'lines are')} not valid.`,
  start: (count) => `Move ${counted(count, 'bike')}`,
  bike: 'Bike',
  from: 'From',
  to: 'To',
  status: {
    ...{ invalid: 'Not valid', waiting: 'To move', moved: 'Moved', same: 'There already', back: 'As before' },
    refused: 'Not moved',
  },
  badBike: (said) => `"${said}" is no number of a bike.`,
  empty: 'There is no bike in the file.',
  noBikeColumn: 'Its heading names no column "bike".',
  noStationColumn: 'Its heading names no column "station".',
  tooMany: `It has more than ${formatCount(longestMoves)} lines.`,
  tooLarge: 'The file is too large: at most 16 MB.',
};

export const moveWords = { ko, en };

/** Why a line moves no bike. */
export function moveProblem(problem: MoveProblem, language: Language): string {
  switch (problem.code) {
    case 'badQuotes':
      return fleetWords[language].csvProblems.badQuotes;
    case 'badBike':
      return moveWords[language].badBike(problem.said);
    case 'badStation':
      return stationWords[language].badNumber(problem.said);
    case 'sameBike':
      return stationWords[language].sameNumber(problem.line);
  }
}

/** Why a file is not even shown. */
export type MoveFileRefusal = MoveFileProblem | FileRefusal;

export function moveFileProblem(problem: MoveFileRefusal, language: Language): string {
  if (problem === 'notText' || problem === 'gone') return fleetWords[language].fileProblems[problem]();
  return moveWords[language][problem];
}
