/** jest's SWC transform, with the mutation that MUTATION names in the file that it is of. */
import process from 'node:process';
import { createTransformer } from '@swc/jest';
import { join } from 'node:path';
import { mutate, wantedMutation } from './mutations.ts';

const mutation = wantedMutation(process.env);
const file = mutation && join(import.meta.dirname, '../..', mutation.file);

export default {
  createTransformer(options) {
    const swc = createTransformer(options);
    const mutated = (source, path) => (mutation && path === file ? mutate(mutation, source) : source);
    return {
      canInstrument: false,
      process: (source, path, more) => swc.process(mutated(source, path), path, more),
      processAsync: (source, path, more) => swc.processAsync(mutated(source, path), path, more),
    };
  },
};
