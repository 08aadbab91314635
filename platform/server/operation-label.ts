/** What an operation is called in metrics and traces. */
export type OperationLabel = (name: string | null | undefined) => string;

/** No name of ours is longer, and nothing that is kept per name may grow with what clients make up. */
const longestName = 64;
/** The gateway asks subgraphs under the client's name, its own and a number: `ReserveBike__point__1`. */
const gatewaysSuffix = /__[a-z]+__\d{1,4}$/;
const longestSuffix = 64;

/** Names come from clients: those of `known` operations are kept, any other becomes `other`. */
export function createOperationLabel(known: ReadonlySet<string> = new Set()): OperationLabel {
  return (name) => {
    if (!name) return 'anonymous';
    if (name.length > longestName + longestSuffix) return 'other';
    const operation = name.replace(gatewaysSuffix, '');
    return operation.length <= longestName && known.has(operation) ? operation : 'other';
  };
}
