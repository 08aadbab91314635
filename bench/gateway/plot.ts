/** `node bench/gateway/plot.ts results.json plot.svg`: CPU time of each gateway by scenario, on a logarithmic scale. */
import { readFileSync, writeFileSync } from 'node:fs';

const [, , from = '', to = ''] = process.argv;
const { medians: all } = JSON.parse(readFileSync(from, 'utf8')) as {
  medians: Record<string, Record<string, { cpuUs?: number; cpuUsPerMessage?: number }>>;
};
/** Others count what failed. */
const medians = Object.fromEntries(
  Object.entries(all).filter(([, of]) => Object.values(of).every((figures) => !Number.isNaN(figureOf(figures)))),
);

const colors: Readonly<Record<string, string>> = {
  ours: '#1a7f37',
  'bare loop': '#8c959f',
  apollo: '#8250df',
  hive: '#bf8700',
  'hive, native planner': '#cf8f5a',
  'hive-router': '#b7410e',
};
const [bar, gap, left, width] = [16, 14, 170, 560];
const lines: string[] = [];
const values = Object.values(medians).flatMap((of) => Object.values(of).map(figureOf));
const [least, most] = [Math.min(...values) / 2, Math.max(...values)];
let y = 10;
for (const [scenario, of] of Object.entries(medians)) {
  lines.push(text(left - 8, y + bar - 4, scenario, 'end'));
  for (const [name, figures] of Object.entries(of)) {
    const us = figureOf(figures);
    const length = (width * Math.log(us / least)) / Math.log(most / least);
    const label = `${name} ${us >= 1_000 ? `${(us / 1_000).toFixed(1)} ms` : `${us.toFixed(us < 100 ? 1 : 0)} µs`}`;
    lines.push(
      `<rect x="${left}" y="${y}" width="${length.toFixed(0)}" height="${bar - 3}" fill="${colors[name] ?? '#666'}"/>`,
      text(left + length + 6, y + bar - 4, label),
    );
    y += bar;
  }
  y += gap;
}
writeFileSync(
  to,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 190}" height="${y}" font-family="sans-serif" font-size="12">\n` +
    `<title>CPU time of the gateway for an answer, or for a message to one client (logarithmic)</title>\n` +
    `<rect width="100%" height="100%" fill="#fff"/>\n${lines.join('\n')}\n</svg>\n`,
);

function figureOf({ cpuUs, cpuUsPerMessage }: { cpuUs?: number; cpuUsPerMessage?: number }): number {
  return cpuUs ?? cpuUsPerMessage ?? NaN;
}

function text(x: number, baseline: number, content: string, anchor = 'start'): string {
  return `<text x="${x.toFixed(0)}" y="${baseline}" text-anchor="${anchor}">${content}</text>`;
}
