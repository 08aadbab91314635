import type { Attacker } from './attacker.ts';

/** A frame that violates WebSocket (RFC 6455 §5), masked as a client's must be unless it says otherwise. */
export const brokenFrames = [
  '8882000000005765', // close with a code that does not exist
  '8881000000005a', // close with half a code
  'ff80000000000', // reserved bits and an opcode that is none
  'c180000000000', // compressed, though nothing was agreed
  '8101', // not masked, and cut off
  '81ff7fffffffffffffff00000000', // longer than anything
  '8180000000000180000000008980', // an end without a beginning
  '8184000000000fffefdfc', // no UTF-8
  '89fe00fe00000000', // a ping of more than 125 bytes
  '0980000000000', // a ping in parts
  '8080000000000', // a part of nothing
];

/** How a client asks for a WebSocket. */
export const handshake = (headers = '') =>
  `GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n${headers}\r\n`;

/** A WebSocket as bytes: its handshake is sent, the rest is the attack's. */
export async function upgrade(attacker: Attacker, port?: number, headers = '') {
  const socket = await attacker.tcp(port);
  socket.write(handshake(headers));
  return socket;
}

/** A text frame as a client sends it, masked with zeros. */
export function frame(message: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  if (text.length < 126) return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]);
  return Buffer.concat([Buffer.from([0x81, 0xfe, text.length >> 8, text.length & 255, 0, 0, 0, 0]), text]);
}
