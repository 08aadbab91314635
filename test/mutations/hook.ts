/** `node --import` this, with MUTATION=<name>: changes the mutation's file as it is loaded, and no other. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mutate, wantedMutation } from './mutations.ts';

const mutation = wantedMutation(process.env);
if (mutation) {
  const file = join(import.meta.dirname, '../..', mutation.file);
  const url = pathToFileURL(file).href;
  registerHooks({
    load: (wanted, context, next) =>
      wanted === url
        ? { format: 'module-typescript', source: mutate(mutation, readFileSync(file, 'utf8')), shortCircuit: true }
        : next(wanted, context),
  });
}
