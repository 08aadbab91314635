/** A journey planner reserves for a rider. Shown and explained in docs/planners.md; test/journeys/planners.test.ts runs it. */
import { randomUUID } from 'node:crypto';
import * as openid from 'openid-client';
import { createClient, type Client } from './client.ts';
import { BikesNearDocument, ReservationChangedDocument, ReserveBikeOrAnotherDocument } from './generated/graphql.ts';

/** What the provider and the city told the planner when it was registered. */
export interface Registered {
  issuer: URL;
  clientId: string;
  /** Where the provider leads riders back to. */
  callback: string;
  /** The audience of the city's API. */
  resource: string;
}

/** 1. Where to send the rider's browser, and what to keep until they come back. */
export async function askForConsent(
  { issuer, clientId, callback, resource }: Registered,
  options?: openid.DiscoveryRequestOptions,
) {
  // An app keeps no secret.
  const provider = await openid.discovery(issuer, clientId, undefined, openid.None(), options);
  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const address = openid.buildAuthorizationUrl(provider, {
    redirect_uri: callback,
    scope: 'openid offline_access rides',
    resource,
    prompt: 'consent',
    state,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  return { provider, verifier, state, address };
}

/** 2. The token, once they are back with the provider's answer. @throws if they said no. */
export async function tokenFrom(asked: Awaited<ReturnType<typeof askForConsent>>, back: URL): Promise<string> {
  const { provider, verifier, state } = asked;
  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  const { access_token } = await openid.authorizationCodeGrant(provider, back, checks);
  return access_token;
}

/** 3. The nearest free bike, reserved; or why there is none. */
export async function reserveNear(client: Client, latitude: number, longitude: number) {
  const near = { latitude, longitude };
  const { bikesNear } = await client.request(BikesNearDocument, { near, available: true, first: 1 });
  const [nearest] = bikesNear;
  if (!nearest) return { none: 'NO_BIKE_NEAR' };
  // The same key again, after a time-out or a crash, gets the same answer, and never a second bike.
  const input = { bikeId: nearest.bike.bikeId, idempotencyKey: randomUUID() };
  const { reserveBike } = await client.request(ReserveBikeOrAnotherDocument, { input });
  // Somebody was faster, or the rider has too few points: that is data, and `alternatives` says which bikes are near.
  return reserveBike.reservation ?? { none: reserveBike.refusal?.code };
}

/** 4. What becomes of the rider’s reservations: begin it before you reserve, and `after` the last cursor that you have. */
export async function* follow(client: Client, after?: string) {
  for await (const { reservationChanged } of client.subscribe(ReservationChangedDocument, {}, { after })) {
    const { reserveNo, reserveStatus, cursor } = reservationChanged;
    yield { reserveNo, reserveStatus, cursor };
  }
}

/** `https://bikes.example`, and the rider's token. */
export const clientFor = (city: string, token: string) => createClient({ url: `${city}/graphql`, token });
