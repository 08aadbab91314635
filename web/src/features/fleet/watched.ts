import type { Pace } from '../../shared/api/answer.ts';

/** How often to ask for what an operator looks at: no event announces all of it. */
export const watched: Pace = { soonestMs: 2_000, longestMs: 20_000 };
