/** Signing in at an OpenID provider: what the router (router/product/sign-in) and the pages say to each other. */

export const signInPaths = {
  /** Leads a browser to the provider, and from there back to the page `to`. */
  begin: '/auth/sign-in',
  /** Where the provider sends it back. */
  callback: '/auth/callback',
  /** Gives a page the token of now. */
  token: '/auth/token',
  end: '/auth/sign-out',
} as const;

/** Why somebody is not signed in, or not any more. */
export const signInFailures = [
  /** They, or their provider, said no. */
  'cancelled',
  /** The provider does not answer. */
  'away',
  /** Not begun here, too long ago, or done already. */
  'stale',
  /** Another provider answers than the one that was asked. */
  'mixedUp',
  /** The clocks of provider and router are too far apart. */
  'clock',
  /** The token is for somebody else's API. */
  'otherAudience',
  /** The token gives no role here. */
  'noRole',
  /** The provider's answer cannot be used: something is not set up as it must be. */
  'unusable',
  /** The provider ended the session, or the token could not be renewed in time. */
  'ended',
  /** Signed out here; the provider could not be told. */
  'outHere',
] as const;
export type SignInFailure = (typeof signInFailures)[number];

/** Of a page's address, while it has one of them to tell. */
export const failureParameter = 'sign-in';

/** What `token` answers. */
export interface SignedIn {
  token: string;
  /** When to ask for another, by the router's clock. */
  renewAt: string;
  userId: string;
  roles: readonly string[];
}
