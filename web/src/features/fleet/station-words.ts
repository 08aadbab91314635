/** What there is to say of a file of stations, on the page and on the command line. */
import { type Count, counted, formatCount } from '../../shared/i18n/numbers.ts';
import { listed } from '../../shared/i18n/lists.ts';
import type { Language } from '../../shared/i18n/language.ts';
import type { FileRefusal } from './file-text.ts';
import { longestFile, type StationFileProblem, type StationProblem } from './station-csv.ts';
import { fleetWords } from './words.ts';

const ko = {
  title: 'CSV로 대여소 등록',
  hint: '서울시 공공데이터의 대여소 파일(UTF-8, CP949)을 그대로 읽습니다. 없는 대여소는 열고, 다른 내용은 고칩니다. 같은 파일을 다시 올려도 달라지지 않습니다.',
  choose: '대여소 파일 고르기',
  reading: '지금 있는 대여소와 비교하는 중입니다.',
  plan: (opened: Count, changed: Count, same: Count, bad: Count) =>
    `새로 열 ${formatCount(opened)}곳, 고칠 ${formatCount(changed)}곳, 같은 ${formatCount(same)}곳, 등록할 수 없는 ${formatCount(bad)}줄`,
  result: (done: Count, refused: Count, waiting: Count) =>
    `${formatCount(done)}곳 처리됨, ${formatCount(refused)}곳 거절됨, ${formatCount(waiting)}곳 남음`,
  start: (count: Count) => `${formatCount(count)}곳 등록`,
  goOn: (count: Count) => `남은 ${formatCount(count)}곳 계속`,
  progress: '대여소 등록 진행',
  planned: { open: '새로 열기', change: '고치기' },
  outcome: { opened: '열었음', changed: '고쳤음', same: '같음', refused: '거절', invalid: '읽을 수 없음' },
  closed: '폐쇄된 대여소입니다. 다시 연 뒤에 고칠 수 있습니다.',
  number: '번호',
  name: '이름',
  noPosition: '위도나 경도가 없거나 0이거나 숫자가 아닙니다.',
  noRacks: '거치대 수가 없거나 0 이상의 정수가 아닙니다.',
  badPosition: {
    SWAPPED: '위도와 경도가 바뀌었습니다.',
    OUTSIDE: '한국 안의 위치가 아닙니다: 위도 33~39, 경도 124~132.',
  },
  badNumber: (said: string) => `"${said}"은(는) 대여소 번호가 아닙니다.`,
  badDate: (said: string) => `"${said}"은(는) 대여소를 연 날짜가 아닙니다.`,
  badDistrict: (said: string) => `"${said}"은(는) 25개 자치구가 아닙니다.`,
  badName: '이름이 없거나 100자보다 길거나, 읽을 수 없는 글자가 있습니다.',
  badAddress: '주소가 200자보다 길거나, 읽을 수 없는 글자가 있습니다.',
  sameNumber: (line: number) => `${line}번째 줄에 같은 번호가 있습니다.`,
  noColumns: (columns: string) => `제목에 없는 칸: ${columns}.`,
  columns: {
    number: '번호',
    name: '이름',
    district: '자치구',
    address: '주소',
    latitude: '위도',
    longitude: '경도',
    date: '설치일',
    racks: '거치대 수',
  },
  tooMany: `${formatCount(longestFile)}줄이 넘습니다.`,
  tooLarge: '파일이 너무 큽니다.',
  notText: '글로 된 파일이 아닙니다.',
  empty: '대여소가 없는 파일입니다.',
};

const en: typeof ko = {
  title: 'Stations from CSV',
  hint: "Reads the city's file of stations as it is published (UTF-8, CP949). Opens the stations that are not there and changes those that are otherwise. The same file again changes nothing.",
  choose: 'Choose a file of stations',
  reading: 'Comparing it with the stations that there are …',
  plan: (opened, changed, same, bad) =>
    `${formatCount(opened)} to open, ${formatCount(changed)} to change, ${formatCount(same)} the same, ${counted(bad, 'line')} that cannot be taken`,
  result: (done, refused, waiting) =>
    `${formatCount(done)} done, ${formatCount(refused)} turned down, ${formatCount(waiting)} left`,
  start: (count) => `Import ${counted(count, 'station')}`,
  goOn: (count) => `Go on with ${counted(count, 'station')}`,
  progress: 'Progress of the stations',
  planned: { open: 'To open', change: 'To change' },
  outcome: { opened: 'Opened', changed: 'Changed', same: 'The same', refused: 'Turned down', invalid: 'Not valid' },
  closed: 'The station is closed: open it again before it is changed.',
  number: 'Number',
  name: 'Name',
  noPosition: 'Its latitude or longitude is missing, 0 or no number.',
  noRacks: 'Its number of racks is missing, or no whole number from 0.',
  badPosition: {
    SWAPPED: 'Latitude and longitude are swapped.',
    OUTSIDE: 'The position is not in Korea: latitude 33 to 39, longitude 124 to 132.',
  },
  badNumber: (said) => `"${said}" is no number of a station.`,
  badDate: (said) => `"${said}" is no date on which a station opened.`,
  badDistrict: (said) => `"${said}" is none of the 25 districts.`,
  badName: 'Its name is missing, has more than 100 characters, or one that cannot be read.',
  badAddress: 'Its address has more than 200 characters, or one that cannot be read.',
  sameNumber: (line) => `Line ${line} has this number, too.`,
  noColumns: (columns) => `Its heading names no ${columns}.`,
  columns: {
    number: 'number',
    name: 'name',
    district: 'district',
    address: 'address',
    latitude: 'latitude',
    longitude: 'longitude',
    date: 'date',
    racks: 'racks',
  },
  tooMany: `It has more than ${formatCount(longestFile)} lines.`,
  tooLarge: 'The file is too large.',
  notText: 'It is no text.',
  empty: 'There is no station in the file.',
};

export const stationWords = { ko, en };
export type StationWords = typeof ko;

/** Why a line is no station. */
export function lineProblem(problem: StationProblem, language: Language): string {
  const words = stationWords[language];
  switch (problem.code) {
    case 'badQuotes':
      return fleetWords[language].csvProblems.badQuotes;
    case 'noPosition':
    case 'noRacks':
      return words[problem.code];
    case 'badPosition':
      return words.badPosition[problem.fault];
    case 'badNumber':
    case 'badDate':
    case 'badDistrict':
      return words[problem.code](problem.said);
    case 'badText':
      return problem.field === 'name' ? words.badName : words.badAddress;
    case 'sameNumber':
      return words.sameNumber(problem.line);
  }
}

/** Why a file is not even shown. */
export type StationFileRefusal = StationFileProblem | { code: FileRefusal | 'empty' };

export function fileProblem(problem: StationFileRefusal, language: Language): string {
  const words = stationWords[language];
  if (problem.code === 'gone') return fleetWords[language].fileProblems.gone();
  if (problem.code !== 'noColumns') return words[problem.code];
  const columns = problem.columns.map((column) => words.columns[column]);
  return words.noColumns(listed(columns, language));
}
