import { randomUUID } from 'node:crypto';
import { GraphqlRequestError, type Client } from '../../schema/client/client.ts';
import {
  BuyPointsDocument,
  CancelReservationDocument,
  RegisterBikeDocument,
  ReserveBikeDocument,
  ReturnBikeDocument,
  StartRideDocument,
  UserDocument,
} from '../../schema/client/generated/graphql.ts';
import type { TestSystem } from './system.ts';

/** A rider's actions, in a word each; a refusal is returned as its code. */
export interface Rider {
  userId: string;
  client: Client;
  buys(price: number, idempotencyKey?: string): Promise<string>;
  reserves(bikeId: number, idempotencyKey?: string): Promise<{ reserveNo: number; status: string }>;
  cancels(reserveNo: number): Promise<string>;
  starts(reserveNo: number): Promise<string>;
  returns(reserveNo: number): Promise<string>;
  points(): Promise<number>;
}

export async function rider(system: TestSystem, userId: string): Promise<Rider> {
  const client = await system.client(userId, 'rider');
  const key = (idempotencyKey?: string) => (idempotencyKey ? { idempotencyKey } : {});
  const outcome = (payload: Payload) => payload.refusal?.code ?? payload.reservation?.reserveStatus ?? 'NOTHING';
  return {
    userId,
    client,
    async buys(price, idempotencyKey) {
      const { buyPoints } = await client.request(BuyPointsDocument, { input: { price, ...key(idempotencyKey) } });
      return buyPoints.refusal?.code ?? buyPoints.approval?.status ?? 'NOTHING';
    },
    async reserves(bikeId, idempotencyKey) {
      const { reserveBike } = await client.request(ReserveBikeDocument, { input: { bikeId, ...key(idempotencyKey) } });
      return { reserveNo: reserveBike.reservation?.reserveNo ?? 0, status: outcome(reserveBike) };
    },
    cancels: async (reserveNo) =>
      outcome((await client.request(CancelReservationDocument, { input: { reserveNo } })).cancelReservation),
    starts: async (reserveNo) => outcome((await client.request(StartRideDocument, { input: { reserveNo } })).startRide),
    returns: async (reserveNo) =>
      outcome((await client.request(ReturnBikeDocument, { input: { reserveNo } })).returnBike),
    points: async () => Number((await client.request(UserDocument, { userId })).user?.totalPoint),
  };
}

interface Payload {
  reservation?: { reserveStatus: string } | null | undefined;
  refusal?: { code: string } | null | undefined;
}

/** Registers bikes as an operator; returns their numbers. */
export async function registerBikes(system: TestSystem, count = 1): Promise<number[]> {
  const operator = await system.client('operator', 'operator');
  const bikeIds: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const input = { color: 'green', idempotencyKey: randomUUID() };
    const { registerBike } = await answered(() => operator.request(RegisterBikeDocument, { input }));
    bikeIds.push(registerBike.bike?.bikeId ?? 0);
  }
  return bikeIds;
}

/** A busy machine's database may be silent for longer than a request waits, but hardly three times in a row. */
const attempts = 3;

/** What got no answer is sent again with the same key, as its error says to. */
export async function answered<Result>(send: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      const isSilent = error instanceof GraphqlRequestError && error.code === 'SERVICE_UNAVAILABLE';
      if (!isSilent || attempt === attempts) throw error;
      console.warn('no answer, sent again:', error.message);
    }
  }
}
