/**
 * Three suites: `fast` needs nothing but this process, `servers` needs MongoDB and NATS (started once per run on free
 * ports by test/servers/), `whole` runs the assembled system.
 */
const shared = {
  rootDir: '.',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  moduleFileExtensions: ['ts', 'tsx', 'js', 'json', 'mjs', 'cjs', 'node'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript', tsx: true } }, module: { type: 'es6' } },
    ],
  },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/\\.data/'],
  modulePathIgnorePatterns: ['/dist/', '/\\.data/'],
};
const servers = { globalSetup: './test/servers/start.ts', globalTeardown: './test/servers/stop.ts' };

export default {
  maxWorkers: 2,
  // Modules of a test file are not given back: a worker that ran fifty files holds 2 GB.
  workerIdleMemoryLimit: '1.5GB',
  // A test that waits for something says what it is after a minute (test/support/until.ts).
  testTimeout: 180_000,
  projects: [
    {
      ...shared,
      displayName: 'fast',
      testMatch: ['<rootDir>/{schema,platform,subgraphs,router,web,cli,deploy,test}/**/*.test.ts'],
      testPathIgnorePatterns: [
        ...shared.testPathIgnorePatterns,
        '\\.int\\.test\\.ts$',
        '<rootDir>/test/(journeys|hostile|faults|browser|deploy/cluster)/',
      ],
    },
    {
      ...shared,
      ...servers,
      displayName: 'servers',
      testMatch: ['<rootDir>/{schema,platform,subgraphs,router,deploy}/**/*.int.test.ts'],
    },
    {
      ...shared,
      ...servers,
      displayName: 'whole',
      testMatch: ['<rootDir>/test/{journeys,hostile,faults,browser}/**/*.test.ts'],
      // `npm run test:faults:ci` runs these: many runs of a system in many processes take longer than all other tests.
      testPathIgnorePatterns: [...shared.testPathIgnorePatterns, '<rootDir>/test/faults/seeded\\.test\\.ts$'],
    },
  ],
};
