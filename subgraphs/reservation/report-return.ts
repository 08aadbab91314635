import { ContractError, requireRole, type RequestContext } from '../../platform/index.ts';
import { rideOf } from './reservation.ts';
import {
  change,
  placeSaid,
  reasonIn,
  type Dependencies,
  type EndInput,
  type Payload,
  type PlaceInput,
  type ReserveNoInput,
} from './use-cases.ts';

export interface ReportReturnInput extends ReserveNoInput, PlaceInput {
  returnedAt: string;
  note?: string | null;
}

export interface SettleReturnInput extends EndInput, PlaceInput {
  returnedAt?: string | null;
}

export interface RejectReturnInput extends ReserveNoInput {
  reason: string;
}

/** A rider says when they gave a bike back whose return was not recognised, or too late. */
export async function reportReturn(
  dependencies: Dependencies,
  input: ReportReturnInput,
  context: RequestContext,
): Promise<Payload> {
  const said = await placeSaid(dependencies, 'reportReturn', input, context);
  if ('code' in said) return { reservation: null, refusal: said };
  const { reserveNo } = input;
  // The bike knows its newest ride; an earlier one has ended and changes no more.
  const row = (await dependencies.store.byIds([reserveNo])).get(reserveNo);
  const ended = row?.reserveStatus === 'RETURNED' ? rideOf(row) : undefined;
  return change(dependencies, 'reportReturn', input, context, () => ({
    type: 'ReportReturn',
    ...{ reserveNo, returnedAt: timeIn(input.returnedAt), ...said },
    // Blank text is no text.
    note: input.note || null,
    ...(ended && { ended }),
  }));
}

/** An operator follows the report: a ride that goes on ends, and what it cost too much comes back. */
export async function settleReturn(
  dependencies: Dependencies,
  input: SettleReturnInput,
  context: RequestContext,
): Promise<Payload> {
  requireRole(context.viewer, 'operator', 'admin');
  const said = await placeSaid(dependencies, 'settleReturn', input, context);
  if ('code' in said) return { reservation: null, refusal: said };
  const { reserveNo, returnedAt } = input;
  const when = returnedAt ? { returnedAt: timeIn(returnedAt) } : {};
  const known = await knownOf(dependencies, reserveNo);
  return change(dependencies, 'settleReturn', input, context, () => ({
    type: 'SettleReturn',
    ...{ reserveNo, ...when, ...said, ...reasonIn(input), ...known },
  }));
}

/** An operator does not follow the report, and says why. */
export async function rejectReturn(
  dependencies: Dependencies,
  input: RejectReturnInput,
  context: RequestContext,
): Promise<Payload> {
  requireRole(context.viewer, 'operator', 'admin');
  const { reserveNo, reason } = input;
  if (reason === '') throw new ContractError('"reason" says why: 1 to 500 characters.');
  const known = await knownOf(dependencies, reserveNo);
  return change(dependencies, 'rejectReturn', input, context, () => ({
    type: 'RejectReturn',
    ...{ reserveNo, reason, ...known },
  }));
}

async function knownOf({ store }: Dependencies, reserveNo: number) {
  const known = (await store.reportsByIds([reserveNo])).get(reserveNo);
  return known && { known };
}

/** Events say their times in UTC. */
const timeIn = (said: string) => new Date(said).toISOString();
