import { GraphqlRequestError } from '../../../../schema/client/client.ts';
import type { Session } from '../session/session.ts';

interface Refused {
  errors?: readonly { message: string; extensions?: { code?: string } }[];
}

/**
 * A file of the router's, which takes the token in a header: a link could not send one. The browser keeps it on its
 * disk, not in the page.
 * @param received called with how many bytes there are so far.
 * @throws {GraphqlRequestError} when it is refused, or breaks off.
 */
export async function receiveFile(
  address: string,
  token: Session['token'],
  signal: AbortSignal,
  received: (bytes: number) => void,
): Promise<Blob> {
  const ask = async (refused?: string) => {
    const current = await token(refused);
    const response = await fetch(address, { headers: { authorization: `Bearer ${current}` }, signal });
    return { response, current };
  };
  try {
    let { response, current } = await ask();
    if (response.status === 401) ({ response, current } = await ask(current));
    if (!response.ok || !response.body) throw await refusalIn(response);
    let bytes = 0;
    const count = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(piece, controller) {
        received((bytes += piece.length));
        controller.enqueue(piece);
      },
    });
    const type = response.headers.get('content-type') ?? '';
    return await new Response(response.body.pipeThrough(count), { headers: { 'content-type': type } }).blob();
  } catch (cause) {
    if (signal.aborted || cause instanceof GraphqlRequestError) throw cause;
    throw new GraphqlRequestError('CONNECTION_LOST', 'The file broke off.', { cause });
  }
}

async function refusalIn(response: Response): Promise<GraphqlRequestError> {
  const { errors } = (await response.json().catch(() => ({}))) as Refused;
  const [first] = errors ?? [];
  return new GraphqlRequestError(
    first?.extensions?.code ?? 'UNKNOWN',
    first?.message ?? `The router answered ${response.status}.`,
  );
}
