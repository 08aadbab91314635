/** What there is to say of a file that moves bikes, on the page and on the command line. */
import { type Count, counted, formatCount } from '../../shared/i18n/numbers.ts';
import type { Language } from '../../shared/i18n/language.ts';
import { longestMoves, type MoveFileProblem, type MoveProblem } from './move-csv.ts';

const ko = {
  title: 'CSV로 여러 대 옮기기',
  hint: '한 줄에 한 대, 첫 칸은 자전거 번호, 둘째 칸은 옮겨 놓을 대여소 번호입니다. 첫 줄은 제목(자전거, 대여소)이어도 됩니다. 무엇이 달라지는지 먼저 보여 주고, 누르면 옮깁니다.',
  choose: '옮길 자전거 파일 고르기',
  drop: '또는 파일을 여기에 놓으세요.',
  looking: '자전거가 지금 있는 곳을 확인하는 중입니다.',
  unreadable: (count: Count) => `옮길 수 없는 줄이 ${formatCount(count)}줄 있습니다.`,
  start: (count: Count) => `${formatCount(count)}대 옮기기`,
  bike: '자전거',
  from: '지금 있는 곳',
  to: '옮겨 놓을 곳',
  onRide: '이용 중',
  status: {
    invalid: '읽을 수 없음',
    waiting: '옮길 예정',
    left: '그대로 둠',
    moved: '옮김',
    same: '이미 그곳',
    back: '되돌림',
  },
  failed: { refused: '거절', failed: '실패' },
  badQuotes: '따옴표가 닫히지 않았거나 두 번 쓰지 않았습니다. 그 뒤는 읽을 수 없습니다.',
  badBike: (said: string) => `"${said}"은(는) 자전거 번호가 아닙니다.`,
  badStation: (said: string) => `"${said}"은(는) 대여소 번호가 아닙니다.`,
  sameBike: (bikeId: number, line: number) => `자전거 ${bikeId}번은 이미 ${line}번째 줄에 있습니다.`,
  empty: '옮길 자전거가 없는 파일입니다.',
  noBikeColumn: '제목에 "자전거" 칸이 없습니다.',
  noStationColumn: '제목에 "대여소" 칸이 없습니다.',
  tooMany: `${formatCount(longestMoves)}줄이 넘습니다.`,
  tooLarge: '파일이 너무 큽니다.',
  notText: '글로 된 파일이 아닙니다.',
};

const en: typeof ko = {
  title: 'Move bikes by CSV',
  hint: 'A line for each bike: its number, then the number of the station where it is to stand. The first line may be a heading (bike, station). What will happen is shown first; nothing moves before you say so.',
  choose: 'Choose a file of moves',
  drop: 'Or drop it here.',
  looking: 'Looking up where the bikes are …',
  unreadable: (count) => `${counted(count, 'line')} cannot be taken.`,
  start: (count) => `Move ${counted(count, 'bike')}`,
  bike: 'Bike',
  from: 'From',
  to: 'To',
  onRide: 'On a ride',
  status: {
    invalid: 'Not valid',
    waiting: 'To move',
    left: 'Stays',
    moved: 'Moved',
    same: 'There already',
    back: 'As before',
  },
  failed: { refused: 'Turned down', failed: 'Failed' },
  badQuotes: 'A quotation mark is not closed, or not doubled: what follows is lost.',
  badBike: (said) => `"${said}" is no number of a bike.`,
  badStation: (said) => `"${said}" is no number of a station.`,
  sameBike: (bikeId, line) => `Bike ${bikeId} stands in line ${line} already.`,
  empty: 'There is no bike in the file.',
  noBikeColumn: 'Its heading names no column "bike".',
  noStationColumn: 'Its heading names no column "station".',
  tooMany: `It has more than ${formatCount(longestMoves)} lines.`,
  tooLarge: 'The file is too large.',
  notText: 'It is no text.',
};

export const moveWords = { ko, en };

/** Why a line moves no bike. */
export function moveProblem(problem: MoveProblem, language: Language): string {
  const words = moveWords[language];
  switch (problem.code) {
    case 'badQuotes':
      return words.badQuotes;
    case 'badBike':
    case 'badStation':
      return words[problem.code](problem.said);
    case 'sameBike':
      return words.sameBike(problem.bikeId, problem.line);
  }
}

/** Why a file is not even shown. */
export type MoveFileRefusal = MoveFileProblem | 'tooLarge' | 'notText';

export const moveFileProblem = (problem: MoveFileRefusal, language: Language): string => moveWords[language][problem];
