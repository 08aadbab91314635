import { describe, expect, it } from '@jest/globals';
import { type DocumentNode, Kind, type OperationDefinitionNode } from 'graphql';
import fc from 'fast-check';
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import { find, meaningsOf } from './find.ts';

const none = { bikeId: null, reserveNo: null, station: null, userId: null };
const whole = new AbortController().signal;

/** A client that answers the operations that are named, and says what it was asked. */
function clientWith(answers: Record<string, unknown>) {
  const asked: string[] = [];
  const request = async (document: DocumentNode, _variables: unknown, { signal }: { signal: AbortSignal }) => {
    const { name } = document.definitions.find(
      (each) => each.kind === Kind.OPERATION_DEFINITION,
    ) as OperationDefinitionNode;
    asked.push(name?.value ?? '');
    await Promise.resolve();
    signal.throwIfAborted();
    const answer = answers[name?.value ?? ''];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { client: { request } as unknown as Client, asked };
}

const empty = {
  FindBike: { bike: null },
  FindReservation: { reservation: null },
  FindRider: { pointAccount: null },
  FleetStations: { dashboard: { stations: { nodes: [] } } },
};

describe('what is searched for', () => {
  it('may be anything that has the number, or only what its sign says', () => {
    expect(meaningsOf(' 45 ')).toEqual({ bikeId: 45, reserveNo: 45, station: '45', userId: '45' });
    expect(meaningsOf('#45')).toEqual({ ...none, reserveNo: 45 });
    expect(meaningsOf('st-101')).toEqual({ ...none, station: '101' });
    expect(meaningsOf('망원역 1번')).toEqual({ ...none, station: '망원역 1번', userId: '망원역 1번' });
    expect(meaningsOf('４５')).toMatchObject({ bikeId: 45 });
    expect(meaningsOf('1,045')).toEqual({ bikeId: 1045, reserveNo: 1045, station: '1045', userId: '1,045' });
    expect(meaningsOf('')).toEqual(none);
    expect(meaningsOf('0')).toMatchObject({ bikeId: null, reserveNo: null });
    expect(meaningsOf('2147483648')).toMatchObject({ bikeId: null, reserveNo: null, userId: '2147483648' });
  });

  it('is at most a question to each service, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 300 }), async (text) => {
        const { client, asked } = clientWith(empty);
        expect(await find(client, text, whole)).toEqual({ hits: [], isPartial: false });
        expect(new Set(asked).size).toBe(asked.length);
      }),
    );
  });
});

describe('what is found', () => {
  const bike = { bikeId: 45, condition: 'IN_SERVICE' };
  const reservation = { reserveNo: 45, reserveStatus: 'RETURNED', userId: '10' };
  const nodes = [{ stationId: 'ST-45' }, { stationId: 'ST-450' }];

  it('leads to its place', async () => {
    const { client } = clientWith({
      ...{ FindBike: { bike }, FindReservation: { reservation }, FindRider: { pointAccount: { userId: '45' } } },
      FleetStations: { dashboard: { stations: { nodes } } },
    });
    const { hits } = await find(client, '45', whole);
    expect(hits.map(({ kind, href }) => [kind, new URL(href, 'http://here').search])).toEqual([
      ['bike', '?bike=45'],
      ['reservation', '?reservation=45'],
      ['station', '?station=ST-45'],
      ['station', '?station=ST-450'],
      ['rider', '?rider=45'],
    ]);
  });

  it('is what the services have that answer, and says so', async () => {
    const away = new GraphqlRequestError('SERVICE_UNAVAILABLE', 'away');
    const { client } = clientWith({ ...empty, FindBike: { bike }, FindRider: away });
    expect(await find(client, '45', whole)).toMatchObject({ hits: [{ kind: 'bike' }], isPartial: true });
    const unfit = clientWith({ ...empty, FindRider: new GraphqlRequestError('BAD_USER_INPUT', 'no id') });
    expect(await find(unfit.client, '45', whole)).toEqual({ hits: [], isPartial: false });
  });

  it('is nothing once another text is searched', async () => {
    const over = new AbortController();
    const { client } = clientWith(empty);
    const finding = find(client, '45', over.signal);
    over.abort();
    await expect(finding).rejects.toThrow();
  });
});
