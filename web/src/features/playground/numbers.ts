/** The numbers that an answer gave, for the stories that go on from it. */

const names = ['bikeId', 'reserveNo'] as const;
export type Numbers = Partial<Record<(typeof names)[number], number>>;

/** Ignores numbers in lists: they are ambiguous. Of several mutations in one request, the last one counts. */
export function numbersIn(answer: unknown): Numbers {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return {};
  const found: Numbers = {};
  for (const [name, value] of Object.entries(answer)) {
    const known = names.find((each) => each === name);
    if (known && typeof value === 'number') found[known] = value;
    else Object.assign(found, numbersIn(value));
  }
  return found;
}

/** A tab's variables with the newest numbers; null when there is nothing to put in. */
export function withNumbers(variables: string, numbers: Numbers): string | null {
  try {
    const said = JSON.parse(variables) as Record<string, unknown>;
    const news = names.filter((name) => name in said && numbers[name] !== undefined && said[name] !== numbers[name]);
    if (news.length === 0) return null;
    return JSON.stringify(
      { ...said, ...Object.fromEntries(news.map((name) => [name, numbers[name]])) },
      null,
      1,
    ).replaceAll(/\s*\n\s*/g, ' ');
  } catch {
    return null;
  }
}
