/** The suites of the whole product, one mutation in one file. No caching, because the cache does not know mutations. */
import { join } from 'node:path';
import config from '../../jest.config.js';

const transform = join(import.meta.dirname, 'transform.js');

export default {
  ...config,
  rootDir: join(import.meta.dirname, '../..'),
  projects: config.projects.map((project) => ({
    ...project,
    cache: false,
    rootDir: join(import.meta.dirname, '../..'),
    transform: Object.fromEntries(
      Object.entries(project.transform).map(([files, [, options]]) => [files, [transform, options]]),
    ),
  })),
};
