import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { optionalHttpAddress, text, type SettingSections } from '../../platform/server/index.ts';
import { subgraphNames, subgraphs, type SubgraphName } from '../../schema/subgraphs.ts';

const pages = {
  WEB_ROOT: z
    .string()
    .refine((path) => existsSync(path) && statSync(path).isDirectory())
    // May be built later.
    .default(join(import.meta.dirname, '../../web/dist'))
    .meta({ allowed: 'a folder that is there' })
    .describe('built pages'),
  DEV_TOKEN_PRIVATE_KEY: text('a private JWK (Ed25519)')
    .meta({ secret: true })
    .describe('private JWK (Ed25519) for POST /dev/token, in development only; made by npm start'),
};

/** Read by the gateway as those of any supergraph; here so that a mistake shows before anything starts. */
const addresses = Object.fromEntries(
  subgraphNames.map((name) => [
    `${name.toUpperCase()}_URL`,
    optionalHttpAddress().describe(
      `${name}, if not at http://127.0.0.1:${subgraphs[name].port}/graphql; its addresses for WebSockets and /readyz follow`,
    ),
  ]),
) as Record<`${Uppercase<SubgraphName>}_URL`, ReturnType<typeof optionalHttpAddress>>;

/** Settings of the product's router, besides those of the gateway. */
export const productSections = {
  'router: product': { ...pages, ...addresses },
} satisfies SettingSections;

export const productSettings = z.object({ ...pages, ...addresses });

export type ProductSettings = z.infer<z.ZodObject<typeof pages>>;
