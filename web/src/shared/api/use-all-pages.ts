import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useEffect, useRef, useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import { backoffMs, pause } from './backoff.ts';

interface Page<Node> {
  nodes: readonly Node[];
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
}

/** A list that changes often is not asked for more often than this. */
const restMs = 1_500;

/**
 * A connection's nodes from the first page up to `limit`, asked again when `version` changes, and after a failure ever
 * more rarely. Null until they are there; a failed repeat leaves the last ones.
 */
export function useAllPages<Data, Variables, Node>(
  client: Client | null,
  document: TypedDocumentNode<Data, Variables>,
  variablesAfter: (after: string | null) => Variables,
  pageOf: (data: Data) => Page<Node>,
  limit: number,
  version: number,
): readonly Node[] | null {
  const [nodes, setNodes] = useState<readonly Node[] | null>(null);
  // Monotonic, because the device's clock may be set back meanwhile.
  const lastAskedAt = useRef(-Infinity);
  // Every render creates these functions again; what they do stays the same.
  const ask = useRef({ variablesAfter, pageOf });
  useEffect(() => {
    if (!client) return;
    const leaving = new AbortController();
    const isWanted = () => !leaving.signal.aborted;
    /** @returns whether it has them all */
    const load = async (): Promise<boolean> => {
      lastAskedAt.current = performance.now();
      const loaded: Node[] = [];
      let after: string | null = null;
      try {
        do {
          const page: Page<Node> = ask.current.pageOf(
            await client.request(document, ask.current.variablesAfter(after)),
          );
          loaded.push(...page.nodes);
          after = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
        } while (isWanted() && after !== null && loaded.length < limit);
        if (isWanted()) setNodes(loaded.slice(0, limit));
        return true;
      } catch {
        // What is wrong shows in the connection state.
        return false;
      }
    };
    const loadUntilThere = async () => {
      for (let retry = 1; isWanted() && !(await load()); retry += 1) await pause(backoffMs(retry), leaving.signal);
    };
    const timer = setTimeout(
      () => void loadUntilThere(),
      Math.max(0, lastAskedAt.current + restMs - performance.now()),
    );
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  }, [client, document, limit, version]);
  return nodes;
}
