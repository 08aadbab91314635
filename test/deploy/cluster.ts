import { importJWK, SignJWT, type JWK } from 'jose';
import { createClient, type Client } from '../../schema/client/client.ts';
import { until } from '../support/until.ts';
import { run, runAsync } from './tool.ts';

export const namespace = 'ttareungi';
/** Through the Service, as the ingress would. */
export const routerUrl = `http://router.${namespace}`;

/** Runs kubectl in the namespace; returns its output, and whether it succeeded. */
export function tryKubectl(args: string[], input?: string): { ok: boolean; output: string } {
  return run('kubectl', ['-n', namespace, ...args], input);
}

/** Runs kubectl in the namespace. @throws {Error} with its output. */
export function kubectl(...args: string[]): string {
  const { ok, output } = tryKubectl(args);
  if (!ok) throw new Error(`kubectl ${args.join(' ')}\n${output}`);
  return output;
}

/** The object as the API returns it; the caller gives its shape. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- one cast here instead of one per caller
export function get<Shape>(...what: string[]): Shape {
  return JSON.parse(kubectl('get', ...what, '-o', 'json')) as Shape;
}

export function apply(manifests: string): void {
  const { ok, output } = run('kubectl', ['apply', '--server-side', '--validate=strict', '-f', '-'], manifests);
  if (!ok) throw new Error(output);
}

/** Waits until only ready pods of the newest version exist. @throws {Error} after some minutes. */
export async function untilRolledOut(...names: string[]): Promise<void> {
  for (const name of names) {
    await runAsync('kubectl', ['-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=180s']);
    // The status does not wait for terminating pods.
    const labels = ['-l', `app.kubernetes.io/name=${name}`];
    await until(
      `only pods of the newest ${name} are there`,
      async () => {
        const answer = await runAsync('kubectl', ['-n', namespace, 'get', 'pods', ...labels, '-o', 'json']);
        return (JSON.parse(answer) as { items: Pod[] }).items.every(isReady);
      },
      120_000,
      500,
    );
  }
}

export interface Pod {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  spec: { nodeName: string };
  status: {
    podIP?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { restartCount: number }[];
  };
}

/** The pods of a Deployment or StatefulSet that are not terminating. */
export function podsOf(name: string): Pod[] {
  const { items } = get<{ items: Pod[] }>('pods', '-l', `app.kubernetes.io/name=${name}`);
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Ready, and not terminating. */
export const isReady = ({ metadata, status }: Pod) =>
  metadata.deletionTimestamp === undefined &&
  status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

export async function token(userId: string, ...roles: string[]): Promise<string> {
  const key = await importJWK(JSON.parse(process.env['TOKEN_KEY'] ?? '{}') as JWK, 'EdDSA');
  return new SignJWT({ roles })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'development' })
    .setSubject(userId)
    .setExpirationTime('1h')
    .sign(key);
}

export async function client(userId: string, ...roles: string[]): Promise<Client> {
  return createClient({ url: `${routerUrl}/graphql`, token: await token(userId, ...roles) });
}
