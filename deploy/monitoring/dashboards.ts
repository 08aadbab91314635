import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The part of a Grafana dashboard that the tests read. */
export interface Dashboard {
  file: string;
  title: string;
  panels: Panel[];
  templating: { list: { name: string; query: string; datasource?: unknown }[] };
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: unknown;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { datasource: unknown; expr: string }[];
}

/** The dashboards of this folder: import them into Grafana as they are. */
export function readDashboards(): Dashboard[] {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.dashboard.json'));
  return files.map((file) => {
    const dashboard = JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Omit<Dashboard, 'file'>;
    return { file, ...dashboard };
  });
}

/** Every PromQL expression of a dashboard: of its panels and of its variables. */
export function queriesOf({ panels, templating }: Dashboard): string[] {
  const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const chosen = templating.list.flatMap(({ query }) => /^label_values\((.+), *\w+\)$/.exec(query)?.slice(1, 2) ?? []);
  return [...shown, ...chosen];
}
