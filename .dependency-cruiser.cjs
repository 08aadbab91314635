/** Who may import whom (ARCHITECTURE: "The tree"). Each rule fails `npm run check`. */
const tests = '\\.test\\.ts$';
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] } },
    },
    {
      name: 'schema-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^schema/' },
      to: { path: '^(subgraphs|router|deploy|test|bench)/' },
    },
    {
      name: 'chassis-knows-no-domain',
      comment:
        'Only the envelope, and what text may be: the chassis carries any event and knows no word of the domain.',
      severity: 'error',
      from: { path: '^subgraphs/chassis/', pathNot: tests },
      to: {
        path: '^(schema|subgraphs|router|deploy|test)/',
        pathNot: '^(subgraphs/chassis/|schema/text\\.ts|schema/events/(envelope|source)\\.ts)',
      },
    },
    {
      name: 'rules-are-pure',
      comment: 'Rules, policies and projections: no library, no clock, no randomness, no door to the world.',
      severity: 'error',
      from: {
        path: '^subgraphs/([a-z]+)/(\\1|policies|projections|sums|ledger)\\.ts$',
        pathNot: '^subgraphs/chassis/',
      },
      to: {
        pathNot:
          '^(schema/events/|schema/text\\.ts|subgraphs/chassis/decider\\.ts|subgraphs/$1/($1|policies|projections|sums|ledger)\\.ts)',
      },
    },
    {
      name: 'one-subgraph-never-another',
      severity: 'error',
      from: { path: '^subgraphs/([a-z]+)/' },
      to: { path: '^subgraphs/[a-z]+/', pathNot: '^subgraphs/($1|chassis)/' },
    },
    {
      name: 'router-knows-no-subgraph',
      comment: 'What any process needs comes through the smaller door, which loads no database and no broker.',
      severity: 'error',
      from: { path: '^router/' },
      to: { path: '^(subgraphs|deploy|test)/', pathNot: '^subgraphs/chassis/process\\.ts$' },
    },
    {
      name: 'web-knows-only-the-client',
      severity: 'error',
      from: { path: '^router/web/' },
      to: {
        path: '^(schema|subgraphs|router|deploy|test)/',
        pathNot: '^(schema/client/|schema/text\\.ts|router/web/|router/page-addresses\\.ts$)',
      },
    },
    {
      name: 'nobody-imports-deploy',
      severity: 'error',
      from: { path: '^(schema|subgraphs|router)/' },
      to: { path: '^deploy/' },
    },
    {
      name: 'nothing-unresolvable',
      comment: 'graphql-typed-document-node is types only: there is nothing to resolve.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: 'graphql-typed-document-node' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.json'],
    },
  },
};
