import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** An alert, as Prometheus reads it. */
export interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: 'page' | 'ticket' };
  annotations: { summary: string; runbook: string };
}

export interface RuleGroup {
  name: string;
  rules: Rule[];
}

const manifest = join(import.meta.dirname, '../kubernetes/components/monitoring/rules.yaml');

/** The alerts, out of the manifest for the Prometheus Operator: Prometheus itself wants them without its wrapping. */
export function readRuleGroups(): RuleGroup[] {
  const { spec } = parse(readFileSync(manifest, 'utf8')) as { spec: { groups: RuleGroup[] } };
  return spec.groups;
}
