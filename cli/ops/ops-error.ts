/** Exit codes, as sysexits.h has them. */
export const exitCodes = {
  ok: 0,
  /** Nothing changed, or something is wrong: the message says what. */
  refused: 1,
  usage: 64,
  unknownId: 66,
  unavailable: 69,
  bug: 70,
  noRight: 77,
} as const;

/** A mistake that the person at the terminal can correct; `message` tells them how. */
export class OpsError extends Error {
  override name = 'OpsError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
