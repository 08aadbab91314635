import { readFileSync } from 'node:fs';

/** Linux reports times to programs in hundredths of a second, whatever the kernel was built with. */
const msPerTick = 10;

/** CPU time that a process and its threads have used so far, in ms; NaN when it is gone, or without /proc. */
export function cpuMsOf(pid: number): number {
  const [user, kernel] = timesOf(pid);
  return user + kernel;
}

/** That part of it which the kernel spent on its behalf: for sockets mostly on the way of what is sent. */
export function kernelMsOf(pid: number): number {
  return timesOf(pid)[1];
}

function timesOf(pid: number): [user: number, kernel: number] {
  const stat = read(`/proc/${pid}/stat`);
  // The name in brackets may hold anything; after it, utime and stime are the 12th and 13th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [Number(fields[11]) * msPerTick, Number(fields[12]) * msPerTick];
}

/** Memory that a process holds now, and the most it ever held, in MB; NaN as above. */
export function memoryMbOf(pid: number): { rss: number; peak: number } {
  const status = read(`/proc/${pid}/status`);
  const megabytes = (field: string) => {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
    return kilobytes === undefined ? NaN : Math.round(Number(kilobytes) / 1024);
  };
  return { rss: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** CPU time that the whole machine has spent working so far, in ms, over all cores. */
export function machineCpuMs(): number {
  const [, user, nice, system, , , irq, softirq] = (read('/proc/stat').split('\n')[0] ?? '').split(/\s+/).map(Number);
  return ((user ?? NaN) + (nice ?? NaN) + (system ?? NaN) + (irq ?? NaN) + (softirq ?? NaN)) * msPerTick;
}

/** CPU and memory of some processes over a span of time. */
export interface Usage {
  cpuMs: Record<string, number>;
  rssMb: Record<string, number>;
  peakRssMb: Record<string, number>;
  /** Cores that everybody else on this machine kept busy meanwhile: the noise of the measurement. */
  coresBusyWithOthers: number;
}

/** Begins to measure; the function it gives ends it. `processes` maps names to pids. */
export function measureUsage(processes: Readonly<Record<string, number>>): () => Usage {
  const all = Object.entries(processes);
  const before = all.map(([, pid]) => cpuMsOf(pid));
  const own = cpuMsOf(process.pid);
  const machine = machineCpuMs();
  const startedAt = performance.now();
  return () => {
    const cpuMs = Object.fromEntries(all.map(([name, pid], index) => [name, cpuMsOf(pid) - (before[index] ?? NaN)]));
    const memory = all.map(([name, pid]) => [name, memoryMbOf(pid)] as const);
    const ours = Object.values(cpuMs).reduce((sum, ms) => sum + ms, cpuMsOf(process.pid) - own);
    const others = machineCpuMs() - machine - ours;
    return {
      cpuMs,
      rssMb: Object.fromEntries(memory.map(([name, { rss }]) => [name, rss])),
      peakRssMb: Object.fromEntries(memory.map(([name, { peak }]) => [name, peak])),
      coresBusyWithOthers: Math.max(0, Math.round((others / (performance.now() - startedAt)) * 100) / 100),
    };
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
