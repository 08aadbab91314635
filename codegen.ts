/**
 * `npm run codegen` writes the typed client from schema/client/operations; with `--check` it fails when a file is stale.
 * The API schema is derived from the committed supergraph: no server has to run.
 */
import { readFileSync } from 'node:fs';
import { Supergraph } from '@apollo/federation-internals';
import type { CodegenConfig } from '@graphql-codegen/cli';
import { printSchema } from 'graphql';

const supergraph = readFileSync(new URL('./schema/supergraph.graphql', import.meta.url), 'utf8');
const apiSchema = printSchema(Supergraph.build(supergraph).apiSchema().toGraphQLJSSchema());

const config: CodegenConfig = {
  schema: apiSchema,
  documents: 'schema/client/operations/*.graphql',
  generates: {
    'schema/client/generated/api.graphql': { plugins: ['schema-ast'] },
    'schema/client/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        importExtension: '.ts',
        useTypeImports: true,
        enumType: 'string-literal',
        strictScalars: true,
        scalars: {
          ID: 'string',
          DateTime: 'string',
          Cursor: 'string',
          Long: { input: 'number | string', output: 'number | string' },
        },
      },
    },
  },
};

export default config;
