import all from '../../jest.config.js';

const [{ transform, extensionsToTreatAsEsm, moduleFileExtensions }] = all.projects;

/** Seeded runs of a system in many processes: too long for `npm test`, bounded for CI. Each starts its own servers. */
export default {
  rootDir: '../..',
  testEnvironment: 'node',
  transform,
  extensionsToTreatAsEsm,
  moduleFileExtensions,
  modulePathIgnorePatterns: ['/dist/', '/\\.data/'],
  testMatch: ['<rootDir>/test/faults/seeded.test.ts'],
};
