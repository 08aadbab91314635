/** `npm run ops -- …`: what an operator does from a terminal, through the graph. `--help` says what there is. */
import { runOps } from './ops.ts';

const { out, err, exitCode } = await runOps(process.argv.slice(2), process.env, (line) => {
  process.stderr.write(`${line}\n`);
});
if (out) process.stdout.write(`${out}\n`);
if (err) process.stderr.write(`${err}\n`);
process.exitCode = exitCode;
