import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import {
  list,
  named,
  optionalHttpAddress,
  text,
  type Contradictions,
  type SettingSections,
} from '../../platform/server/index.ts';
import { subgraphNames, subgraphs, type SubgraphName } from '../../schema/subgraphs.ts';

const ours = join(import.meta.dirname, '../../web/dist');

const pages = {
  WEB_ROOT: z
    .string()
    // Ours may be built later.
    .refine((path) => resolve(path) === ours || (existsSync(path) && statSync(path).isDirectory()))
    .default(ours)
    .meta({ allowed: 'a folder that is there' })
    .describe('built pages'),
  DEV_TOKEN_PRIVATE_KEY: text('a private JWK (Ed25519)')
    .meta({ secret: true })
    .describe('private JWK (Ed25519) for POST /dev/token, in development only; made by npm start'),
};

/** Nobody reads on the way what a browser and a provider say to each other. */
const isPrivate = ({ protocol, hostname }: URL) =>
  protocol === 'https:' || /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);

const signIn = {
  OIDC_ISSUER: optionalHttpAddress()
    .refine((issuer) => issuer === undefined || isPrivate(new URL(issuer)))
    .meta({ allowed: 'an address that begins with https://, or with http:// on this machine, without a user' })
    .describe('the OpenID provider at which people sign in; none, and pages take a pasted token. Needs JWKS_URI, too'),
  OIDC_CLIENT_ID: text('a client’s name').describe('as what this installation is registered there'),
  OIDC_CLIENT_SECRET: text('a client’s secret')
    .meta({ secret: true })
    .describe('as which it proves that it is it; a provider may do without, because of PKCE'),
  OIDC_SCOPES: named(
    'openid offline_access',
    /^([\x21\x23-\x5b\x5d-\x7e]+ )*openid( [\x21\x23-\x5b\x5d-\x7e]+)*$/,
    'scopes, openid among them',
  ).describe('what is asked for; without offline_access most sessions end with their first token'),
  OIDC_PARAMETERS: named(
    '',
    /^([\w.-]+=[^&=\s]+(&(?!$)|$))*$/,
    'parameters as an address has them, such as audience=bikes',
  ).describe(
    'what the provider wants to be told besides, e.g. audience=bikes or resource=https://bikes.example&prompt=consent',
  ),
  SESSION_SECRET: list(/^[\x21-\x7e]{32,}$/, 'at least 32 characters, letters and signs of ASCII')
    .meta({ secret: true })
    .describe(
      'seals the cookies of those who signed in; the same at every router. Of several all open, the first seals',
    ),
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
  'router: signing in': signIn,
} satisfies SettingSections;

export const productSettings = z.object({ ...pages, ...addresses, ...signIn });

export type ProductSettings = z.infer<z.ZodObject<typeof pages>>;
export type SignInSettings = z.infer<z.ZodObject<typeof signIn>>;

const namesIn = (list = '') => list.split(',').map((name) => name.trim());

/** What signing in at a provider cannot do without. */
const neededToSignIn = ['PUBLIC_URL', 'OIDC_CLIENT_ID', 'SESSION_SECRET', 'JWKS_URI', 'OWN_CLIENTS'] as const;

export const productContradictions: Contradictions = {
  OIDC_ISSUER(given) {
    if (given['OIDC_ISSUER'] === undefined) return undefined;
    const missing = neededToSignIn.filter((name) => given[name] === undefined);
    const { OWN_CLIENTS: clients, OIDC_CLIENT_ID: client } = given;
    // What is no address is told at its own name.
    const publicUrl = URL.parse(given['PUBLIC_URL'] ?? '');
    const sentences = [
      missing.length > 0 && `It needs ${missing.join(', ')}, too.`,
      clients !== undefined &&
        client !== undefined &&
        !namesIn(clients).includes(client) &&
        'OWN_CLIENTS must name OIDC_CLIENT_ID, or the pages’ own tokens could do little.',
      publicUrl?.protocol === 'http:' &&
        !isPrivate(publicUrl) &&
        'PUBLIC_URL must begin with https:// then: what signs people in would travel in the clear.',
    ].filter((sentence) => sentence !== false);
    return sentences.length > 0 ? sentences.join(' ') : undefined;
  },
};
