// The floor for Node, said in one line where a `.ts` file would only be an unknown extension. Plain JavaScript that any Node reads.
const floor = 24;

if (Number(process.versions.node.split('.')[0]) < floor) {
  process.stderr.write(
    `This is Node ${process.versions.node}, and Node ${floor} is needed. ` +
      'It comes with `npm ci` on Linux, macOS and Windows (x64, arm64); elsewhere, or where optional packages were left out, install it first.\n',
  );
  process.exit(1);
}
