/**
 * Ends the local servers when the process that started them is gone, even by `kill -9` or a closed terminal.
 * Each line on standard input is the whole list of pids to end; the input closes when its writer ends.
 */
import { createInterface } from 'node:readline';
import { endProcesses } from './processes.ts';

let pids: number[] = [];
for await (const line of createInterface({ input: process.stdin })) pids = JSON.parse(line) as number[];
await endProcesses(pids, 3_500);
