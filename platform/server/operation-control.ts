import type { Viewer } from './auth.ts';
import { createUnwanted, type Unwanted } from './unwanted.ts';

/** The same viewer's new token. */
export interface Renewed {
  viewer: Viewer | null;
  authorization: string | undefined;
}

/**
 * What a transport tells an operation that it has started. No AbortSignal: that takes a kilobyte, which each of
 * thousands of subscriptions would pay.
 */
export interface OperationControl {
  /** No client wants its answers any more; what has not started by then never does. */
  unwanted: boolean;
  /** Called once, when it becomes unwanted. */
  onUnwanted: (() => void) | undefined;
  onRenewed: ((renewed: Renewed) => void) | undefined;
}

export const createControl = (): OperationControl => ({
  unwanted: false,
  onUnwanted: undefined,
  onRenewed: undefined,
});

/** May be called more than once. */
export function giveUp(control: OperationControl): void {
  if (control.unwanted) return;
  control.unwanted = true;
  control.onUnwanted?.();
}

/** The same as a signal, for what takes one. */
export function signalOf(control: OperationControl): Unwanted {
  const { signal, abort } = createUnwanted();
  if (control.unwanted) abort();
  else control.onUnwanted = abort;
  return signal;
}

/** Given up when the signal is aborted. */
export function controlBy(signal: Unwanted): OperationControl {
  const control = createControl();
  if (signal.aborted) giveUp(control);
  else signal.addEventListener('abort', () => giveUp(control));
  return control;
}
