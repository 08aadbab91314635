import type { GraphQLFormattedError } from 'graphql';
import type { JsonObject } from './values.ts';

/** What a subgraph answered. Without `data` nothing was run. */
export interface SubgraphAnswer {
  data?: JsonObject | null | undefined;
  errors?: readonly GraphQLFormattedError[] | undefined;
  extensions?: JsonObject | undefined;
}
