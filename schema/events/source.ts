/** The CloudEvents `source` of a publisher. */
export function sourceOf(publisher: string): string {
  return `/ttareungi/${publisher}`;
}
