let ending: Promise<void> | undefined;

/**
 * Resolves at the end of this turn of the event loop, for all who wait for it one right after the other: what they send
 * then leaves in one write.
 */
export function endOfTurn(): Promise<void> {
  ending ??= new Promise((resolve) => {
    setImmediate(() => {
      ending = undefined;
      resolve();
    });
  });
  return ending;
}
