/** Of one clock for all processes of this machine, in ms. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1_000_000;
