/** Who may import whom (docs/architecture.md). Each rule fails `npm run check`. */
/** Tests, and what only they use: both may reach into `test/`, `cli/` and `deploy/`. */
const tests = '(\\.test\\.ts|/testing\\.ts)$|/testing/';
/** Rooms on top of one another: each may import those below it. */
const floorsOf = (house, rooms) =>
  rooms.slice(0, -1).map((room, floor) => ({
    name: `${house}-${room}-stands-below`,
    severity: 'error',
    from: { path: `^${house}/${room}/`, pathNot: tests },
    to: { path: `^${house}/(index\\.ts|(${rooms.slice(floor + 1).join('|')})/)` },
  }));
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circles', comment: 'Of types neither.', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'schema-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^schema/' },
      to: { path: '^(platform|subgraphs|router|web|cli|deploy|test|bench)/' },
    },
    {
      name: 'platform-knows-no-domain',
      comment: 'Only the envelope, and what text may be: it carries any event and knows no word of the domain.',
      severity: 'error',
      from: { path: '^platform/', pathNot: tests },
      to: {
        path: '^(schema|subgraphs|router|web|cli|deploy|test)/',
        pathNot: '^(schema/text\\.ts|schema/events/(envelope|source)\\.ts)',
      },
    },
    ...floorsOf('platform', ['foundation', 'server', 'event-core', 'messaging', 'service']),
    {
      name: 'rules-are-pure',
      comment: 'Rules, policies and projections: no library, no clock, no randomness, no door to the world.',
      severity: 'error',
      from: {
        path: '^subgraphs/([a-z]+)/(\\1|policies|projections|fold|row-keys|hours|past|sums|ledger|place|return-report)\\.ts$',
      },
      to: {
        pathNot:
          '^(schema/events/|schema/(text|places|overtime)\\.ts|platform/event-core/decider\\.ts|subgraphs/$1/($1|policies|projections|fold|row-keys|hours|past|sums|ledger|place|return-report)\\.ts)',
      },
    },
    {
      name: 'one-subgraph-never-another',
      severity: 'error',
      from: { path: '^subgraphs/([a-z]+)/' },
      to: { path: '^subgraphs/[a-z]+/', pathNot: '^subgraphs/$1/' },
    },
    {
      name: 'router-knows-no-subgraph',
      comment: 'What any process needs comes through the smaller door, which loads no database and no broker.',
      severity: 'error',
      from: { path: '^router/', pathNot: tests },
      to: { path: '^(platform|subgraphs|web|cli|deploy|test)/', pathNot: '^platform/server/index\\.ts$' },
    },
    {
      name: 'web-knows-only-the-client',
      severity: 'error',
      from: { path: '^web/' },
      to: {
        path: '^(schema|platform|subgraphs|router|cli|deploy|test)/',
        pathNot: '^schema/(client/|(text|places|csv|overtime|page-addresses|open-data-addresses|scopes|sign-in)\\.ts$)',
      },
    },
    {
      name: 'nobody-imports-deploy',
      severity: 'error',
      from: { path: '^(schema|platform|subgraphs|router|web)/', pathNot: tests },
      to: { path: '^(cli|deploy)/' },
    },
    {
      name: 'testing-is-for-tests',
      severity: 'error',
      from: { path: '^(schema|platform|subgraphs|router|web|cli|deploy)/', pathNot: tests },
      to: { path: '(^test/|/testing\\.ts$|/testing/)' },
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
