/** Compares what it is told to, for differential.ts. */
import { compareOnOne, type Compared, type Task } from './compared.ts';

export type FromWorker = { begun: number } | { compared: Compared };

const tell = (message: FromWorker) => process.send?.(message);

process.on('disconnect', () => process.exit());
process.on('message', (task: Task) => {
  void compareOnOne(task, (begun) => tell({ begun })).then((compared) => tell({ compared }));
});
