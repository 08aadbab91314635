import type { GraphQLFormattedError } from 'graphql';
import { answerTypeFor, remembered, statusWithoutData, weightsIn } from '../../platform/server/index.ts';
import type { Answer } from '../gateway/asked.ts';

/** Which text of "GraphQL over HTTP" gives `application/graphql-response+json` its statuses. */
export const statusTexts = ['classic', '2026'] as const;

export type StatusText = (typeof statusTexts)[number];

/**
 * Who reads the status of an answer.
 * - `nobody`: `application/json` by its name is for clients that take another status than 200 for a broken connection,
 *   and lose the errors. Only what stands before the operation (token, places, servers away) has another.
 * - `everybody`: an operation that is refused is 400; an answer that has data is 200.
 * - `draft`: the draft of 2026-09-03. Refused is 400 or 422, data beside errors 294.
 */
type Readers = 'nobody' | 'everybody' | 'draft';

/** How an answer is given. */
export interface AnswerForm {
  contentType: string;
  readers: Readers;
}

/** For what is refused before a form was agreed upon. */
export const plainForm: AnswerForm = { contentType: 'application/json; charset=utf-8', readers: 'everybody' };

/** The form that an `Accept` prefers; undefined when it takes none. */
export const createFormFor = (text: StatusText) =>
  remembered((accept): AnswerForm | undefined => {
    const type = answerTypeFor(accept);
    if (type === undefined) return undefined;
    const contentType = `${type}; charset=utf-8`;
    if (type === 'application/json') {
      return { contentType, readers: weightsIn(accept).has(type) ? 'nobody' : 'everybody' };
    }
    return { contentType, readers: text === '2026' ? 'draft' : 'everybody' };
  });

/** Why nothing was run. */
export interface Refused {
  /** As the draft has it. */
  status: number;
  errors: readonly GraphQLFormattedError[];
  /** It is a GraphQL request; the operation in it is refused. */
  isOperation: boolean;
}

export function statusOfRefused({ status: given, errors, isOperation }: Refused, { readers }: AnswerForm): number {
  const status = statusWithoutData(undefined, errors) ?? given;
  if (status !== 400 && status !== 422) return status;
  if (isOperation && readers === 'nobody') return 200;
  return readers === 'draft' ? status : 400;
}

/** The status of what an engine answered. */
export function statusOfAnswer({ data, errors }: Answer, form: AnswerForm): number {
  if (errors.length === 0) return 200;
  if (data === undefined) return statusOfRefused(refusedByEngine(errors), form);
  if (form.readers === 'draft') return 294;
  return statusWithoutData(JSON.parse(data) as Record<string, unknown> | null, errors) ?? 200;
}

/** Because of the router, or because of what was asked. */
function refusedByEngine(errors: readonly GraphQLFormattedError[]): Refused {
  const isOurs = errors[0]?.extensions?.['code'] === 'INTERNAL_SERVER_ERROR';
  return { status: isOurs ? 500 : 422, errors, isOperation: true };
}
