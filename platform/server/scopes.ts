import { clientError } from '../foundation/errors.ts';
import type { Viewer } from './auth.ts';

/** By scope, the fields (`Type.field`) in which a token of another client counts as its rider's. */
export type ScopeFields = Readonly<Record<string, readonly string[]>>;

/** What a resolver is told of who asks. */
interface Asked {
  viewer: Viewer | null;
}

/** By type, then by field. */
type Resolvers = Record<string, object>;

type Resolve = (...given: unknown[]) => unknown;

/**
 * A token of another client counts for nothing, but in the fields of its scopes. So what nobody thought of is refused,
 * and fields for everybody are open to it as to anybody.
 */
export function withinScopes(resolvers: Resolvers, fields: ScopeFields): Resolvers {
  const views = new WeakMap<Asked, { shown: Asked; withheld: Asked }>();

  function viewsOf(context: Asked, { userId, expiresAtMs }: Viewer) {
    const known = views.get(context);
    if (known) return known;
    const seenBy = (viewer: Viewer | null): Asked =>
      Object.create(context, { viewer: { value: viewer, enumerable: true } }) as Asked;
    const made = { shown: seenBy({ userId, roles: ['rider'], expiresAtMs }), withheld: seenBy(null) };
    views.set(context, made);
    return made;
  }

  function guarded(name: string, resolve: Resolve): Resolve {
    const scopes = Object.keys(fields).filter((scope) => fields[scope]?.includes(name));
    // A reference comes without arguments.
    const at = name.endsWith('.__resolveReference') ? 1 : 2;
    return (...given) => {
      const context = given[at] as Asked;
      const { viewer } = context;
      if (!viewer?.scopes) return resolve(...given);
      const { shown, withheld } = viewsOf(context, viewer);
      const isShown = scopes.some((scope) => viewer.scopes?.includes(scope));
      given[at] = isShown ? shown : withheld;
      return isShown ? resolve(...given) : refusing(() => resolve(...given), scopes);
    };
  }

  return mapFunctions(resolvers, guarded);
}

/** They have signed in, so to ask them for that would send them in circles. */
function refusing(resolve: () => unknown, scopes: readonly string[]): unknown {
  const explained = (error: unknown) => {
    const code = (error as { extensions?: { code?: unknown } } | null)?.extensions?.code;
    if (code !== 'UNAUTHENTICATED') return error;
    const needed = scopes.length > 0 ? `This needs the scope ${scopes.join(' or ')}.` : 'No scope allows this.';
    return clientError('FORBIDDEN', `${needed} The token is another client’s, and may do what its scopes say.`);
  };
  try {
    const value = resolve();
    if (!(value instanceof Promise)) return value;
    return value.catch((error: unknown) => {
      throw explained(error);
    });
  } catch (error) {
    throw explained(error);
  }
}

/** Of a subscription, what begins it and what makes its events. */
function mapFunctions(resolvers: Resolvers, map: (name: string, resolve: Resolve) => Resolve): Resolvers {
  const mapped = (name: string, value: unknown): unknown => {
    if (typeof value === 'function') return map(name, value as Resolve);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([part, each]) => [part, mapped(name, each)]));
  };
  return Object.fromEntries(
    Object.entries(resolvers).map(([type, ofType]) => [
      type,
      Object.fromEntries(Object.entries(ofType).map(([field, value]) => [field, mapped(`${type}.${field}`, value)])),
    ]),
  );
}
