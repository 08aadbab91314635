import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** Ends a script with a line for the person who typed it. */
export function refuse(line: string): never {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

/** The options of a script, as `parseArgs` reads them; what it cannot read ends the script. */
export function readOptions<const Options extends ParseArgsOptionsConfig>(options: Options) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    const [line = ''] = (error as Error).message.split(/\. |\n/);
    const known = Object.keys(options).map((name) => `--${name}`);
    return refuse(`${line}. The options are ${known.join(', ')}.`);
  }
}

/** The whole number of an option; another text ends the script. */
export function wholeNumberIn<Name extends string>(
  values: Record<Name, string>,
  name: Name,
  least: number,
  most: number,
): number {
  const text = values[name];
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  return refuse(`--${name} is "${text}". It must be a whole number from ${least} to ${most}.`);
}
