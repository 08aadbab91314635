import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** WCAG 2.2 AA, as far as it can be checked automatically. */
const rules = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  rules: { 'target-size': { enabled: true } },
  resultTypes: ['violations'],
} satisfies axe.RunOptions;

/** What on the page breaks which rule, and how. */
export async function violationsOf(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate<axe.AxeResults>(
    `${axe.source}; axe.run(document, ${JSON.stringify(rules)})`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}
