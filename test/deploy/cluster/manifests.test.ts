import { beforeAll, describe, expect, it } from '@jest/globals';
import { buildOverlay, overlays, run } from '../tool.ts';

/** Typical mistakes in a manifest. */
const mistakes: [what: string, from: RegExp, to: string, refusal: RegExp][] = [
  ['a misspelt field', /readinessProbe:/, 'readinesProbe:', /readinesProbe: field not declared in schema/],
  ['an autoscaler that may not reach its minimum', /maxReplicas: 3/, 'maxReplicas: 0', /maxReplicas/],
  ['a probe of no port', /path: \/readyz\n(\s+)port: http/, 'path: /readyz\n$1port: 0', /port/],
  [
    'a selector that does not fit its pods',
    /component: subgraph\n(\s+)app.kubernetes.io\/name: bike/,
    'component: subgraph\n$1app.kubernetes.io/name: byke',
    /selector/,
  ],
  [
    'a budget with two meanings',
    /maxUnavailable: 1\n/,
    'maxUnavailable: 1\n  minAvailable: 1\n',
    /minAvailable and maxUnavailable/,
  ],
];

describe('a real API server', () => {
  /** Other tests have changed the running objects by hand. */
  const options = ['--server-side', '--force-conflicts', '--validate=strict', '--dry-run=server'];
  const dryRun = (manifests: string) => run('kubectl', ['apply', ...options, '-f', '-'], manifests);

  /** Objects of the Prometheus Operator need its CRDs. */
  const builtIn = (overlay: string) =>
    buildOverlay(overlay)
      .split(/^---$/m)
      .filter((document) => !/^apiVersion: monitoring\.coreos\.com/m.test(document))
      .join('---');

  beforeAll(() => {
    // The objects in a namespace can be validated only where the namespace exists.
    for (const overlay of overlays) {
      const namespace = builtIn(overlay)
        .split(/^---$/m)
        .find((document) => /^kind: Namespace$/m.test(document));
      run('kubectl', ['apply', '--server-side', '-f', '-'], namespace);
    }
  });

  it.each(overlays)('takes the %s overlay, strictly', (overlay) => {
    const answer = dryRun(builtIn(overlay));
    expect(answer.output).toContain('deployment.apps/bike serverside-applied (server dry run)');
    expect(answer).toMatchObject({ ok: true });
  });

  it.each(mistakes)('refuses %s', (_what, from, to, refusal) => {
    const manifests = builtIn('development');
    const wrong = manifests.replace(from, to);
    expect(wrong).not.toBe(manifests);
    const answer = dryRun(wrong);
    expect(answer.ok).toBe(false);
    expect(answer.output).toMatch(refusal);
  });
});
