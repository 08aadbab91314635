import { clientOperations } from '../../schema/client-operations.ts';
import { pageAddresses } from '../../schema/page-addresses.ts';
import { Cursor, DateTime, Long, processSettings, readConfig, sendJson } from '../../platform/server/index.ts';
import type { Product } from '../router.ts';
import { createDevTokenRoute, offersDevTokens } from './dev-token.ts';
import { productContradictions, productSettings } from './settings.ts';
import { createExportRoute } from './exports.ts';
import { createSignIn } from './sign-in/sign-in.ts';
import { createOpenDataRoute } from './open-data.ts';
import { keepFresh } from './freshness.ts';
import { createStaticRoute } from './static-pages.ts';

/** What Ttareungi adds to the gateway: its pages, its tokens for development, the rules of its scalars, the freshness of its answers. */
export const ttareungi: Product = {
  settings: productSettings,
  contradictions: productContradictions,
  scalars: [Long, DateTime, Cursor],
  hooks: [keepFresh()],
  operationNames: clientOperations,
  playground: pageAddresses.playground,
  async routes(env, { addressOf, cors, guestOf, verifyToken, logger }) {
    const settings = readConfig(processSettings.extend(productSettings.shape), env);
    const { OIDC_ISSUER: issuer, PUBLIC_URL: publicUrl } = settings;
    const signIn =
      issuer !== undefined && publicUrl !== undefined
        ? createSignIn({ settings, issuer, publicUrl, guestOf, verifyToken, logger })
        : undefined;
    const devToken = await createDevTokenRoute(settings, cors);
    const dashboard = () => addressOf('dashboard');
    const openData = createOpenDataRoute({ dashboard, publicUrl, guestOf });
    const exports = createExportRoute({ dashboard, secret: settings.ROUTER_SECRET[0], guestOf, logger });
    /** What the pages need to know about this installation. */
    const installation = {
      landscape: settings.LANDSCAPE,
      devTokens: offersDevTokens(settings) && !signIn,
      ...(settings.OWN_CLIENTS.length > 0 ? { scopes: true } : {}),
      rolesClaim: settings.ROLES_CLAIM,
      publicUrl,
      // Other apps send riders there too.
      ...(signIn ? { provider: true, issuer, audience: settings.JWT_AUDIENCE } : {}),
    };
    return {
      '/config.json': cors.wrap((_request, response) => {
        response.setHeader('cache-control', 'no-store');
        sendJson(response, 200, installation);
      }),
      ...(devToken && !signIn ? { '/dev/token': cors.wrap(devToken) } : {}),
      ...signIn,
      '/gbfs': openData,
      '/gbfs/': openData,
      '/openapi/': openData,
      '/exports/': cors.wrap(exports),
      '/': createStaticRoute(settings.WEB_ROOT),
    };
  },
};
