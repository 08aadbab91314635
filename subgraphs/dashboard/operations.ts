import {
  isUnavailable,
  pageOf,
  pageSize,
  parkedPerAnswer,
  readCursor,
  type Connection,
  type DiscardOrder,
  type Health,
  type PageRequest,
  type ParkedAnswer,
  type ParkedId,
  type ParkedList,
  type ParkedQuestion,
  type ParkedView,
  type RedriveOrder,
  type Runtime,
} from '../../platform/index.ts';

/** The services as operators see them, each asked over the bus: no service reads another's database. */
export interface Operations {
  /** The health of each; one that does not answer in time is DOWN. */
  services(): Promise<ServiceState[]>;
  /** @throws {ContractError} when `first` is not 1 to 200, or `after` is no cursor of this list. */
  parkedEvents(asker: Asker, filter: ParkedFilter, page: PageRequest): Promise<ParkedPage>;
  /** @throws {UnavailableError} when the service does not answer. */
  parkedEvent(asker: Asker, id: string): Promise<ParkedEvent | null>;
  /** @throws {UnavailableError} when the outcome is unknown; the same key finds out. */
  redrive(order: RedriveOrder): Promise<Settled>;
  /** @throws {UnavailableError} when the outcome is unknown; the same key finds out. */
  discard(order: DiscardOrder): Promise<Settled>;
}

/** The asker, by their own token: each service checks it for itself. */
export type Asker = Pick<ParkedId, 'authorization'>;

export interface ServiceState extends Partial<Omit<Health, 'database'>> {
  name: string;
  status: 'UP' | 'DOWN';
  problem: string | null;
}

/** A parked message with its service; the id is unique in the whole system. */
export interface ParkedEvent extends ParkedView {
  service: string;
}

export interface ParkedFilter {
  service?: string | null;
  status: ParkedQuestion['status'];
}

export type ParkedPage = Connection<ParkedEvent> & {
  /** Services that did not answer. */
  unavailable: string[];
};

export type Settled = Omit<ParkedAnswer, 'parked'> & { parkedEvent: ParkedEvent | null };

export interface OperationsOptions {
  bus: Pick<Runtime['bus'], 'ask'>;
  services: readonly string[];
  /** How long a service may take to settle a parked event and those behind it. */
  operateTimeoutMs: number;
}

export function createOperations({ bus, services, operateTimeoutMs }: OperationsOptions): Operations {
  async function stateOf(name: string): Promise<ServiceState> {
    try {
      const { database, ...figures } = (await bus.ask(name, 'health', null)) as Health;
      if (database === 'ok') return { name, status: 'UP', problem: null, ...figures };
      return { name, status: 'DOWN', problem: `It cannot use its database: ${database}` };
    } catch (error) {
      return { name, status: 'DOWN', problem: error instanceof Error ? error.message : String(error) };
    }
  }

  /** As many of a service's parked messages as requested, in as many answers as necessary. */
  async function listOf(service: string, question: ParkedQuestion): Promise<{ rows: ParkedEvent[]; total: number }> {
    const rows: ParkedEvent[] = [];
    for (let after = question.after; ;) {
      const limit = Math.min(parkedPerAnswer, question.limit - rows.length);
      const asked: ParkedQuestion = { ...question, after, limit };
      const answer = (await bus.ask(service, 'parked.list', asked)) as ParkedList;
      rows.push(...answer.rows.map((row) => ofService(service, row)));
      const last = answer.rows.at(-1);
      if (!last || !answer.more || rows.length >= question.limit) return { rows, total: answer.total };
      after = { at: last.firstAt, id: last.id };
    }
  }

  async function settle(endpoint: string, order: RedriveOrder | DiscardOrder): Promise<Settled> {
    const place = placeOf(order.id);
    if (!place) return unknownEvent;
    const { service, id } = place;
    const answer = await bus.ask(service, endpoint, { ...order, id }, operateTimeoutMs);
    const { parked, ...outcome } = answer as ParkedAnswer;
    return { parkedEvent: parked && ofService(service, parked), ...outcome };
  }

  function placeOf(id: string): { service: string; id: string } | null {
    const service = services.find((name) => id.startsWith(`${name}:`));
    return service === undefined ? null : { service, id: id.slice(service.length + 1) };
  }

  return {
    services: () => Promise.all(services.map(stateOf)),

    async parkedEvents({ authorization }, { service, status }, { first, after }) {
      const size = pageSize(first);
      const place = after ? readCursor(after, isPlace) : null;
      const asked = services.filter((name) => !service || name === service);
      const answers = await Promise.all(
        asked.map(async (name) => {
          const question = { authorization, status, after: place && beginsFor(name, place), limit: size + 1 };
          return listOf(name, question).catch((error: unknown) => {
            if (isUnavailable(error)) return name;
            throw error;
          });
        }),
      );
      const lists = answers.filter((answer) => typeof answer !== 'string');
      const rows = lists.flatMap((list) => list.rows).sort(byAge);
      const page = pageOf(rows, size, {
        after,
        placeOf: placeOfEvent,
        totalCount: async () => lists.reduce((sum, { total }) => sum + total, 0),
      });
      return {
        ...page,
        unavailable: answers.filter((answer) => typeof answer === 'string'),
      };
    },

    async parkedEvent({ authorization }, parkedId) {
      const place = placeOf(parkedId);
      if (!place) return null;
      const { service, id } = place;
      const parked = (await bus.ask(service, 'parked.get', { authorization, id })) as ParkedView | null;
      return parked && ofService(service, parked);
    },

    redrive: (order) => settle('parked.redrive', order),
    discard: (order) => settle('parked.discard', order),
  };
}

const unknownEvent: Settled = {
  parkedEvent: null,
  redriven: 0,
  refusal: { code: 'PARKED_EVENT_NOT_FOUND', because: 'No service has a parked event with this id.' },
};

const ofService = (service: string, view: ParkedView): ParkedEvent => ({
  ...view,
  id: `${service}:${view.id}`,
  service,
});

/** The start of a page: when an event first failed, its service, and its id there. */
type Place = [at: string, service: string, id: string];

const placeOfEvent = ({ firstAt, service, id }: ParkedEvent): Place => [firstAt, service, id.slice(service.length + 1)];

function isPlace(values: unknown[]): values is Place {
  const areTexts = values.length === 3 && values.every((value) => typeof value === 'string');
  return areTexts && !Number.isNaN(Date.parse(values[0] ?? ''));
}

function byAge(one: ParkedEvent, other: ParkedEvent): number {
  const [a, b] = [placeOfEvent(one), placeOfEvent(other)];
  return compare(a[0], b[0]) || compare(a[1], b[1]) || compare(a[2], b[2]);
}

const compare = (one: string, other: string) => Number(one > other) - Number(one < other);

/** At the same moment, services before the cursor's have nothing left, and those after it everything. */
function beginsFor(service: string, [at, last, id]: Place): { at: string; id: string } {
  if (service === last) return { at, id };
  return { at, id: service < last ? '\uffff' : '' };
}
