import type { RideEnd, RiderStep } from '../faults/plan.ts';

export type CommandKind = 'buy' | 'reserve' | 'cancel' | 'start' | 'return';

/** What the graph answered. */
export interface Answer {
  /** A refusal's code, or the status of the approval or reservation. */
  outcome: string;
  refused: boolean;
  /** Its confirmId or reserveNo; 0 where a refusal names none. */
  number: number;
}

/** One request, as its client saw it. Times in ms on one monotonic clock. */
export interface Attempt {
  rider: string;
  kind: CommandKind;
  /** Its idempotency key, the same for all its attempts. */
  key: string;
  bikeId: number;
  price: number;
  /** The key of the reservation that it is about. */
  of: string;
  calledAt: number;
  /** Null when no answer came, or one that leaves the outcome open. */
  answeredAt: number | null;
  answer: Answer | null;
  /** Why there is no answer. */
  error: string;
}

export interface Look {
  rider: string;
  calledAt: number;
  answeredAt: number;
  points: number;
}

export interface Story {
  bikeIds: number[];
  riders: string[];
  attempts: Attempt[];
  looks: Look[];
  /** Answers that are wrong under any fault. */
  wrong: string[];
}

/** What the graph gives for a command. */
export interface Payload {
  approval?: { confirmId: number; status: string } | null;
  reservation?: { reserveNo: number; reserveStatus: string } | null;
  bike?: { bikeId: number } | null;
  refusal?: { code: string } | null;
}

export interface SeededRiderOptions {
  rider: string;
  story: Story;
  bikeIdOf(bike: number): number;
  time: { now(): number; wait(ms: number): Promise<unknown> };
  /** On this clock: after it, an unknown outcome stays unknown. */
  deadline: number;
  /** @throws when no answer came, or errors. */
  send(kind: Attempt['kind'], input: object): Promise<Payload>;
  /** The code or name of an error; `wrong` when no fault explains it. */
  problemOf(error: unknown): { error: string; wrong?: string | undefined };
  /** What else a purchase needs. */
  purchaseOf(key: string): object;
  /** Sends competing bodies under one key at the same time. */
  races: boolean;
  /** The rider's points; null when no answer came. */
  points(): Promise<number | null>;
  /** Called after each attempt. */
  heard(attempt: Attempt): void;
}

type Saying = Pick<Attempt, 'kind' | 'key'> & Partial<Pick<Attempt, 'bikeId' | 'price' | 'of'>>;

/** Only one body of a key has such an answer. */
const decidedPurchases: readonly (string | undefined)[] = ['APPROVED', 'PAYMENT_DECLINED'];

/** A rider who does what a plan says, and records every attempt: against the real system, or a simulated one. */
export function createSeededRider(options: SeededRiderOptions) {
  const { rider, story, time } = options;
  let keys = 0;
  const nextKey = (kind: string) => `${rider}-${kind}-${(keys += 1)}`;

  async function attempt(saying: Saying, input: object): Promise<Answer | null> {
    const open = { calledAt: time.now(), answeredAt: null, answer: null, error: '' };
    const entry: Attempt = { rider, bikeId: 0, price: 0, of: '', ...saying, ...open };
    story.attempts.push(entry);
    try {
      const payload = await options.send(saying.kind, { ...input, idempotencyKey: saying.key });
      const { approval, reservation, refusal } = payload;
      entry.answer = {
        outcome: refusal?.code ?? approval?.status ?? reservation?.reserveStatus ?? 'NOTHING',
        refused: Boolean(refusal),
        number: approval?.confirmId ?? reservation?.reserveNo ?? 0,
      };
      entry.answeredAt = time.now();
    } catch (problem) {
      const { error, wrong } = options.problemOf(problem);
      entry.error = error;
      if (wrong !== undefined) {
        story.wrong.push(`${rider} ${saying.kind} ${saying.key} was answered ${error}: ${wrong}`);
      }
    }
    options.heard(entry);
    return entry.answer;
  }

  /** Sends it, several times at once if planned, and again until an answer decides it. */
  async function say(saying: Saying, input: object, { times, insists }: Pick<RiderStep, 'times' | 'insists'>) {
    for (let left = times; ; left = 1) {
      const answers = await Promise.all(Array.from({ length: left }, () => attempt(saying, input)));
      const decided = answers.find((answer) => answer && !isOpen(answer));
      if (decided) return decided;
      if (!insists || time.now() > options.deadline) return answers.find((answer) => answer !== null) ?? null;
      await time.wait(150);
    }
  }

  async function buy(step: Extract<RiderStep, { does: 'buy' }>): Promise<void> {
    const key = nextKey('buy');
    const { price } = step;
    const rest = options.purchaseOf(key);
    const first = say({ kind: 'buy', key, price }, { price, ...rest }, step);
    if (!step.reusesKey) {
      await first;
      return;
    }
    // Requests that are sent several times at once have a competing body under the same key.
    const isRace = options.races && step.times > 1;
    if (!isRace && !decidedPurchases.includes((await first)?.outcome)) return;
    const other = price + 1;
    const again = await attempt({ kind: 'buy', key, price: other }, { price: other, ...rest });
    const answer = await first;
    const bothAnswered = [answer?.outcome, again?.outcome].every((outcome) => decidedPurchases.includes(outcome));
    if (bothAnswered) story.wrong.push(`F17 ${key} with another body was answered ${again?.outcome ?? ''}`);
  }

  async function ride(step: Extract<RiderStep, { does: 'ride' }>): Promise<void> {
    const bikeId = options.bikeIdOf(step.bike);
    const key = nextKey('reserve');
    const held = await say({ kind: 'reserve', key, bikeId }, { bikeId }, step);
    if (!held || held.refused || held.number === 0) return;
    const finish = (kind: 'cancel' | 'start' | 'return') =>
      say({ kind, key: nextKey(kind), bikeId, of: key }, { reserveNo: held.number }, step);
    for (const at of phasesOf(step.then)) await Promise.all(at.map(finish));
  }

  async function look(): Promise<void> {
    const calledAt = time.now();
    const points = await options.points();
    if (points !== null) story.looks.push({ rider, calledAt, answeredAt: time.now(), points });
  }

  return {
    async live(steps: readonly RiderStep[]): Promise<void> {
      story.riders.push(rider);
      for (const step of steps) {
        await time.wait(step.waitMs);
        if (step.does === 'buy') await buy(step);
        else if (step.does === 'ride') await ride(step);
        await look();
      }
    },
  };
}

/** An answer without an outcome: a reservation still waits, or its row is not written yet. */
function isOpen({ outcome }: Answer): boolean {
  return outcome === 'PENDING' || outcome === 'RESERVATION_NOT_FOUND';
}

function phasesOf(end: RideEnd): ('cancel' | 'start' | 'return')[][] {
  if (end === 'keep') return [];
  return end.split(',').map((phase) => phase.split('|') as ('cancel' | 'start' | 'return')[]);
}
