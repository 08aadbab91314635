import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Registry } from 'prom-client';
import {
  createAdmission,
  isStaff,
  remembered,
  type Admission,
  type Client,
  type Guest,
  type RequestKind,
  type TokenVerifier,
  type Viewer,
} from '../../platform/server/index.ts';
import type { RouterSettings } from '../config.ts';
import type { Rates } from './rates.ts';

/** What clients of the router share, over every transport. */
export type RouterKind = RequestKind | 'sockets' | 'streams' | 'subscriptions';

export type RouterAdmission = Admission<RouterKind>;

/** Every limit of the router that is counted across requests, in one place. */
export function createRouterAdmission(
  settings: RouterSettings,
  register: Registry,
  rates: Pick<Rates, 'take'>,
): RouterAdmission {
  return createAdmission<RouterKind>(
    {
      operations: {
        inAll: settings.MAX_REQUESTS,
        perClient: settings.MAX_REQUESTS_PER_CLIENT,
        mayBegin: (client) => rates.take(client),
      },
      bodies: { inAll: settings.MAX_BODIES, perClient: settings.MAX_BODIES_PER_CLIENT },
      body_bytes: { inAll: settings.MAX_BODIES_BYTES, perClient: settings.MAX_BODIES_BYTES_PER_CLIENT },
      waiting_bytes: keptOpen(settings.MAX_WAITING_BYTES, settings.MAX_WAITING_BYTES_PER_CLIENT),
      sockets: keptOpen(settings.MAX_SOCKETS, settings.MAX_SOCKETS_PER_CLIENT),
      streams: keptOpen(settings.MAX_STREAMS, settings.MAX_STREAMS_PER_CLIENT),
      // It begins as an operation.
      subscriptions: keptOpen(settings.MAX_SUBSCRIPTIONS, settings.MAX_SUBSCRIPTIONS_PER_CLIENT),
    },
    register,
  );
}

/** A client at the door. */
export interface RouterGuest extends Guest {
  client: Client;
}

/** Who sends a request. An invalid token counts as its address here; the request is refused later. */
export function createDoor(settings: RouterSettings, admission: RouterAdmission, verifyToken: TokenVerifier) {
  return async (request: IncomingMessage): Promise<RouterGuest> => {
    const viewer = await verifyToken(request.headers.authorization).catch(() => null);
    const client = clientOf(request, viewer, settings.TRUSTED_HOPS);
    return { client, take: (kind, size) => admission.take(kind, client, size) };
  };
}

const keptOpen = (inAll: number, perClient: number) => ({ inAll, perClient, perStaff: inAll });

export const personBehind = (viewer: Viewer): Client => ({ id: `user ${viewer.userId}`, isStaff: isStaff(viewer) });

/** The same few send most requests. */
const strangerAt = remembered((address = ''): Client => ({ id: `address ${networkOf(address)}`, isStaff: false }));

/** The client behind a request: the person where a token is good, otherwise the address. */
export function clientOf(request: IncomingMessage, viewer: Viewer | null, trustedHops: number): Client {
  if (viewer) return personBehind(viewer);
  return strangerAt(addressOf(request, trustedHops));
}

/**
 * Where a request comes from. Each proxy adds the address it was called from at the end of X-Forwarded-For: so many
 * entries from the end are the word of proxies that we run, and everything before them is the client's own.
 */
export function addressOf({ headers, socket }: IncomingMessage, trustedHops: number): string {
  const peer = socket.remoteAddress ?? '';
  if (trustedHops === 0) return peer;
  const entries = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  return entries.at(-trustedHops)?.trim() || peer;
}

/** One customer's addresses: an IPv4 address however it is written, or the /64 that a single IPv6 connection has. */
export function networkOf(address: string): string {
  const bare = /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? address.replace(/^([\d.]+):\d+$/, '$1');
  const plain = bare.replace(/%.*$/, '').toLowerCase();
  if (!isIPv6(plain)) return plain.slice(0, longestAddress);
  const groups = groupsOf(plain);
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** Of what is no address at all. */
const longestAddress = 64;

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (dotted) {
    const [, head = '', ...bytes] = dotted;
    const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
    return groupsOf(`${head}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  }
  const [left = '', right] = address.split('::');
  const parse = (text: string) => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const before = parse(left);
  if (right === undefined) return before;
  const after = parse(right);
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}
