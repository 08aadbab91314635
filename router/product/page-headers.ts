/** What a Host header may look like before it is put into a policy or an address. */
const hostForm = /^[a-z0-9.-]+(:\d+)?$|^\[[0-9a-f:]+\](:\d+)?$/i;

export const isHost = (host: string | undefined): host is string => host !== undefined && hostForm.test(host);

/**
 * Security headers of pages. One policy serves the playground too: GraphiQL needs inline styles, workers from blobs and
 * fonts as data, never inline or evaluated scripts. `ws:` is limited to the host that the page came from, because not
 * every browser lets 'self' stand for it.
 */
export function pageHeaders(host: string | undefined): Record<string, string> {
  const sockets = isHost(host) ? ` ws://${host} wss://${host}` : '';
  const policy = [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    `connect-src 'self'${sockets}`,
    "worker-src 'self' blob:",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(self), payment=()',
  };
}
