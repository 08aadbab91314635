import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands for the reservation service, in a process of its own: takes every reservation at once, so that the router is what is measured. */
const answer = Buffer.from(
  JSON.stringify({
    data: {
      reserveBike: {
        reservation: {
          reserveNo: 1,
          userId: 'rider-1',
          bikeId: 1,
          reserveStatus: 'RESERVED',
          reserveDateTime: '2026-11-27T00:00:00.000Z',
          expiresAt: '2026-11-27T00:15:00.000Z',
          startDateTime: null,
          returnDateTime: null,
          fee: 1_000,
          refusal: null,
        },
        refusal: null,
      },
    },
    extensions: { seen: ['reservation.bike-1@3'] },
  }),
);
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
