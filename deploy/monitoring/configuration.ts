import { readConfig } from '../../platform/server/index.ts';
import { routerSettings } from '../../router/config.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { portSettings } from '../../subgraphs/registry.ts';
import { readRuleGroups } from './rules.ts';

/**
 * Where each process of a system on this machine answers `/metrics`, by the settings it was started with.
 * @throws {ConfigError} with one line per mistake.
 */
export function portsOf(env: NodeJS.ProcessEnv): Record<string, number> {
  const ports = readConfig(portSettings.extend(routerSettings.pick({ ROUTER_PORT: true }).shape), env);
  return Object.fromEntries(
    [...subgraphNames, 'router'].map((name) => [name, Number(ports[`${name.toUpperCase()}_PORT`])]),
  );
}

/** What Prometheus reads at its start: whom to ask and how often. The rules are in `rules.yaml` beside it. */
export function scrapeConfiguration(ports: Record<string, number>): unknown {
  const interval = '2s';
  return {
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: ['rules.yaml'],
    scrape_configs: [
      {
        job_name: 'ttareungi',
        // Names an instance as its pod would be, not by its local address.
        static_configs: Object.entries(ports).map(([name, port]) => ({
          targets: [`127.0.0.1:${port}`],
          labels: { instance: name },
        })),
      },
    ],
  };
}

export const rulesConfiguration = () => ({ groups: readRuleGroups() });
