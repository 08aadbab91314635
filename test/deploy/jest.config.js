import all from '../../jest.config.js';

const [{ transform, extensionsToTreatAsEsm, moduleFileExtensions }] = all.projects;

/** What needs a cluster; run.ts starts it, and everything here runs inside. */
export default {
  rootDir: '../..',
  testEnvironment: 'node',
  transform,
  extensionsToTreatAsEsm,
  moduleFileExtensions,
  modulePathIgnorePatterns: ['/dist/', '/\\.data/'],
  testMatch: ['<rootDir>/test/deploy/cluster/*.test.ts'],
  globalSetup: '<rootDir>/test/deploy/start.ts',
  testTimeout: 240_000,
};
