import type { AnswerPart, Deferred } from './deliver.ts';

/** The two formats that clients take parts of an answer in. */
export const incrementalFormats = ['draft', 'apollo'] as const;

/**
 * - `draft`: the GraphQL draft of 2025 (graphql 17, `incrementalSpec=v0.2`): `pending`, `incremental`, `completed`.
 * - `apollo`: an older draft of it, which Apollo's clients took first (`deferSpec=20220824`): `path` and `label` with
 *   each.
 */
export type IncrementalFormat = (typeof incrementalFormats)[number];

/** A part as the body of a response, or as a payload. */
export function textOfPart(part: AnswerPart, format: IncrementalFormat): string {
  const fields = format === 'draft' ? draftFields(part) : apolloFields(part);
  if (part.data !== undefined) fields.unshift(`"data":${part.data}`, ...listed('errors', part.errors.map(json)));
  if (part.extensions) fields.push(`"extensions":${json(part.extensions)}`);
  return `{${fields.join(',')},"hasNext":${part.hasNext}}`;
}

const json = (value: unknown) => JSON.stringify(value);
const listed = (name: string, items: readonly string[]) => (items.length > 0 ? [`"${name}":[${items.join(',')}]`] : []);

function draftFields({ pending, incremental, completed }: AnswerPart): string[] {
  return [
    ...listed('pending', pending.map(json)),
    ...listed(
      'incremental',
      incremental.map(({ of: { id, path: begin }, path, data, errors }) => {
        const subPath = path.slice(begin.length);
        const place = subPath.length > 0 ? `,"subPath":${json(subPath)}` : '';
        return `{"id":${json(id)},"data":${data}${place}${errorsIn(errors)}}`;
      }),
    ),
    ...listed(
      'completed',
      completed.map(({ of: { id }, errors = [] }) => `{"id":${json(id)}${errorsIn(errors)}}`),
    ),
  ];
}

const errorsIn = (errors: AnswerPart['errors']) => (errors.length > 0 ? `,"errors":${json(errors)}` : '');

function apolloFields({ incremental, completed }: AnswerPart): string[] {
  const item = ({ label }: Deferred, path: Deferred['path'], data: string, errors: AnswerPart['errors']) =>
    `{"data":${data},"path":${json(path)}${label === undefined ? '' : `,"label":${json(label)}`}${errorsIn(errors)}}`;
  const given = new Set(incremental.map(({ of }) => of));
  return listed('incremental', [
    ...incremental.map(({ of, path, data, errors }) => item(of, path, data, errors)),
    ...completed.flatMap(({ of, errors }) => {
      if (errors) return [item(of, of.path, 'null', errors)];
      // All that it asks for has come with another: its label has come, too.
      return given.has(of) ? [] : [item(of, of.path, '{}', [])];
    }),
  ]);
}
