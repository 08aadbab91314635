import all from '../../jest.config.js';

const whole = all.projects[2];

export default {
  ...whole,
  rootDir: '../..',
  globalSetup: '<rootDir>/test/servers/start.ts',
  globalTeardown: '<rootDir>/test/servers/stop.ts',
  testPathIgnorePatterns: ['/node_modules/'],
  testMatch: ['<rootDir>/test/hostile/*.test.ts'],
};
