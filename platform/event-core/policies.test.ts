import { describe, expect, it } from '@jest/globals';
import type { Envelope } from '../../schema/events/envelope.ts';
import type { Origin } from './command-handler.ts';
import { ContractError } from '../foundation/errors.ts';
import { parseOrThrow } from '../foundation/contract.ts';
import { reactWith } from './policies.ts';

interface Ring {
  type: 'Ring';
  times: number;
}

const event: Envelope = {
  specversion: '1.0',
  id: 'door.front@3',
  source: '/ttareungi/door',
  type: 'DoorOpened',
  subject: 'front',
  time: '2026-11-23T09:00:00.000Z',
  sequence: 3,
  correlationid: 'story-1',
  causationid: 'request-1',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  data: { times: 2 },
};

function listen(parse: (envelope: Envelope) => Envelope = (envelope) => envelope) {
  const asked: { stream: string; command: Ring; origin: Origin }[] = [];
  const timesOf = (opened: { data: { times: number } }) => opened.data.times;
  const react = reactWith<Ring>(
    {
      handle: (stream, command, origin) => {
        asked.push({ stream, command, origin });
        return Promise.resolve({ kind: 'unchanged', state: null });
      },
    },
    {
      DoorOpened: {
        ringWhenDoorOpened: (opened: { data: { times: number } }) => ({
          stream: 'bell',
          command: { type: 'Ring', times: timesOf(opened) },
        }),
        ringTwiceWhenDoorOpenedOften: (opened: { data: { times: number } }) =>
          timesOf(opened) > 5 ? { stream: 'bell', command: { type: 'Ring', times: 2 } } : null,
      },
    },
    parse,
  );
  return { react, asked };
}

describe('a policy', () => {
  it('hands its command in under a cause that makes a second delivery harmless', async () => {
    const { react, asked } = listen();
    await react(event);
    expect(asked).toEqual([
      {
        stream: 'bell',
        command: { type: 'Ring', times: 2 },
        origin: {
          cause: 'ringWhenDoorOpened:door.front@3',
          correlationId: 'story-1',
          causationId: 'door.front@3',
          traceparent: event.traceparent,
        },
      },
    ]);
  });

  it('does nothing where it has nothing to say, and for events that no policy is for', async () => {
    const { react, asked } = listen();
    await react({ ...event, type: 'DoorClosed' });
    expect(asked).toEqual([]);
    await react({ ...event, data: { times: 6 } });
    expect(asked.map(({ origin }) => origin.cause)).toEqual([
      'ringWhenDoorOpened:door.front@3',
      'ringTwiceWhenDoorOpenedOften:door.front@3',
    ]);
  });

  it('is not asked about an event that breaks its contract', async () => {
    const { react, asked } = listen(() => {
      throw new Error('"times" is missing');
    });
    await expect(react(event)).rejects.toThrow(ContractError);
    expect(asked).toEqual([]);
  });

  it('is told in a contract error why an event makes no sense', () => {
    const cause = new Error('no');
    const attempt = () =>
      parseOrThrow(event, () => {
        throw cause;
      });
    expect(attempt).toThrow(expect.objectContaining({ name: 'ContractError', message: 'no', cause }));
  });
});
