/** The router gives up on a provider sooner, however many steps it takes: an answer that is cut off here is none. */
const patienceMs = 15_000;

/** What the router itself answers. @throws {Error} where it does not, or takes too long, headers or body. */
export function askRouter(address: string, how: RequestInit = {}, withinMs = patienceMs): Promise<Response> {
  return fetch(address, { ...how, signal: AbortSignal.timeout(withinMs) });
}
