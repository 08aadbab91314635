import { ContractError } from '../foundation/errors.ts';
import { fitTexts } from '../server/text-arguments.ts';

/** Most lines of one call: about 150 kB of input, and a second or two of work. */
export const maxLines = 1_000;

/** Lines of one call in progress at once: enough to share the journal's writes, few enough to leave room for others. */
const linesAtOnce = 128;

export interface LineRefusal {
  refusal: { code: string; because: string } | null;
}

/**
 * Works on the lines of a call concurrently, started in their order, and answers in their order. A line that breaks its
 * contract or has an unfit text is refused by itself (INVALID_LINE).
 * @throws {ContractError} when there are too many.
 * @throws the error of a line that failed otherwise: no further line is started, and a retry with the same keys goes on
 * from there.
 */
export async function lineByLine<Line, Result extends LineRefusal>(
  name: string,
  lines: readonly Line[],
  handle: (line: Line) => Promise<Result>,
): Promise<((Result | LineRefusal) & { line: number })[]> {
  if (lines.length > maxLines) throw new ContractError(`"${name}" has at most ${maxLines} lines, not ${lines.length}.`);
  const results: ((Result | LineRefusal) & { line: number })[] = [];
  const left = lines.entries();
  let failure: { error: unknown } | undefined;

  async function work(): Promise<void> {
    for (const [index, line] of left) {
      if (failure) return;
      try {
        results[index] = { line: index + 1, ...(await handle(fitTexts(line))) };
      } catch (error) {
        if (error instanceof ContractError) {
          results[index] = { line: index + 1, refusal: { code: 'INVALID_LINE', because: error.message } };
        } else failure ??= { error };
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(linesAtOnce, lines.length) }, work));
  if (failure) throw failure.error;
  return results;
}
