import type { ProcessSettings } from './config.ts';
import type { Logger } from './logger.ts';

export interface UnsafeSetting {
  setting: string;
  because: string;
}

/** Settings that work but let in callers by accident. */
export function unsafeSettings(settings: ProcessSettings): UnsafeSetting[] {
  const { LANDSCAPE, HOST, JWKS_URI, JWT_ISSUER, JWT_AUDIENCE, OWN_CLIENTS } = settings;
  const issuer = JWKS_URI === undefined ? undefined : new URL(JWKS_URI);
  const isDevelopment = LANDSCAPE === 'development';
  const found: (UnsafeSetting | false | undefined)[] = [
    issuer?.protocol === 'http:' &&
      !isThisMachine(issuer.hostname) && {
        setting: 'JWKS_URI',
        because: 'it is read over http: anyone in between can put in a key, and sign in as anyone. Use https',
      },
    ...(['JWT_ISSUER', 'JWT_AUDIENCE'] as const).map(
      (setting) =>
        JWKS_URI !== undefined &&
        !isDevelopment &&
        { JWT_ISSUER, JWT_AUDIENCE }[setting] === undefined && {
          setting,
          because: 'it is not set: tokens that these keys signed for something else are taken',
        },
    ),
    JWKS_URI !== undefined &&
      !isDevelopment &&
      OWN_CLIENTS.length === 0 && {
        setting: 'OWN_CLIENTS',
        because:
          'it is not set: any client that has a rider’s token, such as a journey planner, may do all that they may',
      },
    isDevelopment &&
      !isThisMachine(HOST) && {
        setting: 'HOST',
        because: `with LANDSCAPE=development, anyone who reaches ${HOST} may sign in as anyone, and nothing is charged`,
      },
    !isDevelopment &&
      settings.ROUTER_SECRET.length === 0 && {
        setting: 'ROUTER_SECRET',
        because: 'it is not set: a subgraph answers anyone who reaches its port, past the router’s limits',
      },
  ];
  return found.filter((one) => typeof one === 'object');
}

/** Once per process, at its start. */
export function warnOfUnsafeSettings(settings: ProcessSettings, logger: Logger): void {
  for (const { setting, because } of unsafeSettings(settings)) {
    logger.warn({ setting, because }, 'a setting is not safe');
  }
}

/** Whether a host is this machine only. */
const isThisMachine = (host: string) => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
