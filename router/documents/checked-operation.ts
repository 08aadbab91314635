import type { DocumentNode, FragmentDefinitionNode, OperationDefinitionNode } from 'graphql';
import type { DeferringOperation } from './defer.ts';
import type { SeparatedDocument } from './response-names.ts';

/** An operation that is valid, and small enough to be planned and run. */
export interface CheckedOperation {
  /** Cache key: unique per document and operation. */
  key: string;
  /** The client's text, and its operation in it. */
  query: string;
  name: string | undefined;
  /** The whole document, as it is run. */
  document: DocumentNode;
  operation: OperationDefinitionNode;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Names of the variables that say, by @skip, @include and @defer, what of the document is asked for. */
  conditions: readonly string[];
  /** With `@defer`, which the others are without, for who takes an answer in parts. */
  deferring: DeferringOperation | undefined;
  /** The client's response name for one that the document is run under. */
  nameOf: SeparatedDocument['nameOf'];
  /** The client's variables, under the names that the document is run under. */
  variablesOf: SeparatedDocument['variablesOf'];
}
