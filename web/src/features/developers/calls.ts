/** What an app calls for a rider: the page shows it, docs/planners.md has the same, and a test holds both to the schema. */

/** Each step of a reservation, with the fields that do it. */
export const calls = {
  find: ['bikesNear', 'stations', 'bikeOfVehicle'],
  reserve: ['reserveBike'],
  follow: ['reservationChanged', 'reservation'],
  cancel: ['cancelReservation'],
  ride: ['startRide', 'returnBike'],
  wait: ['waitForBike', 'stopWaiting', 'waitingChanged'],
} as const;

export type Step = keyof typeof calls;
export const steps = Object.keys(calls) as Step[];

export const reserveQuery =
  'mutation($bikeId: Int!, $key: String) { reserveBike(input: { bikeId: $bikeId, idempotencyKey: $key }) { reservation { reserveNo reserveStatus expiresAt } refusal { code because } } }';

/** As a line for a shell. */
export const reserveCall = (base: string) => `curl ${base}/graphql \\
  -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{
  "query": "${reserveQuery}",
  "variables": { "bikeId": 17, "key": "5c1f0f0e-5c57-4f0b-9f5e-4b7d6f1a2b3c" } }'`;

/** In development: a token as a rider's consent gives it; where scopes do not count, the rider's own. */
export const tokenCall = (base: string, hasScopes: boolean) =>
  `curl ${base}/dev/token -H 'content-type: application/json' -d '{"userId":"10",${hasScopes ? '"scope":"rides"' : '"roles":["rider"]'}}'`;
