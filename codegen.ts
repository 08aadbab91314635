/**
 * `npm run codegen` writes the typed client from schema/client/operations; with `--check` it fails when a file is stale.
 * The API schema is derived from the committed supergraph: no server has to run.
 */
import { readFileSync } from 'node:fs';
import { Supergraph } from '@apollo/federation-internals';
import type { CodegenConfig } from '@graphql-codegen/cli';
import { Kind, parse, print, printSchema, visit, type NonNullTypeNode } from 'graphql';

const supergraph = readFileSync(new URL('./schema/supergraph.graphql', import.meta.url), 'utf8');
const apiSchema = printSchema(Supergraph.build(supergraph).apiSchema().toGraphQLJSSchema());

/** A mutation that gave an error has no payload, but our client throws then: what it returns has the payload. */
function withPayloads(schema: string): string {
  const document = visit(parse(schema), {
    ObjectTypeDefinition: (type) => (type.name.value === 'Mutation' ? undefined : false),
    FieldDefinition: (field) =>
      field.type.kind === Kind.NON_NULL_TYPE
        ? undefined
        : { ...field, type: { kind: Kind.NON_NULL_TYPE, type: field.type } satisfies NonNullTypeNode },
  });
  return print(document);
}

const config: CodegenConfig = {
  documents: 'schema/client/operations/*.graphql',
  generates: {
    'schema/client/generated/api.graphql': { schema: apiSchema, plugins: ['schema-ast'] },
    'schema/client/generated/': {
      schema: withPayloads(apiSchema),
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
