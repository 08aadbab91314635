/**
 * Possible future defects of the core or the rules, each as a replacement of text, with the checker that must catch it.
 * A check that no mutation turns red proves nothing.
 */
export interface Mutation {
  name: string;
  file: string;
  /** Occurs in the file exactly once. */
  find: string;
  replace: string;
  caughtBy: Check;
}

export type Check =
  /** The specification of rules or of a part of the platform. */
  | { specification: string; project: 'fast' | 'servers' }
  /** This many histories of the services on simulated servers, from seed 1 on. */
  | { simulation: number };

const rulesOf = (name: string): Check => ({ specification: `subgraphs/${name}/`, project: 'fast' });
const platform = (name: string, project: 'fast' | 'servers' = 'servers'): Check => ({
  specification: `platform/${name}`,
  project,
});
const router = (name: string): Check => ({ specification: `router/${name}`, project: 'fast' });
const simulation: Check = { simulation: 1_000 };

const reservation = 'subgraphs/reservation/reservation.ts';
const waiting = 'subgraphs/reservation/waiting.ts';
const point = 'subgraphs/point/point.ts';
const bike = 'subgraphs/bike/bike.ts';
const stationStore = 'subgraphs/station/store.ts';
const returnReport = 'subgraphs/reservation/return-report.ts';
const pointPolicies = 'subgraphs/point/policies.ts';
const reservationPolicies = 'subgraphs/reservation/policies.ts';
const commandHandler = 'platform/event-core/command-handler.ts';
const journal = 'platform/event-core/journal.ts';
const relay = 'platform/messaging/outbox-relay.ts';
const reconciler = 'platform/messaging/reconciler.ts';
const consumer = 'platform/messaging/consumer.ts';
const processor = 'platform/messaging/processor.ts';
const purchases = 'subgraphs/approval/purchases.ts';
const changeFeed = 'platform/service/change-feed.ts';
const changeLog = 'platform/service/change-log.ts';
const cut = 'router/gateway/incremental/cut.ts';
const deliver = 'router/gateway/incremental/deliver.ts';
const createPlanner = 'router/gateway/planning/create-planner.ts';
const plannerProcess = 'router/gateway/planning/planner-process.ts';
const mutationOrder = 'router/gateway/planning/mutations.ts';
const conditions = 'router/documents/conditions.ts';
const cost = 'router/documents/cost.ts';
const rates = 'router/http/rates.ts';
const streams = 'router/subscriptions/http-streams.ts';
const keepRunning = 'deploy/local/keep-running.ts';

export const mutations: readonly Mutation[] = [
  {
    name: 'no refund: a cancelled reservation restores nothing',
    file: pointPolicies,
    find: 'ReservationCancelled: { restorePointsWhenReservationCancelled: restore },',
    replace: '',
    caughtBy: simulation,
  },
  {
    name: 'a refund of nothing',
    file: point,
    find: 'const amount = state.hold.fee;',
    replace: 'const amount = 0;',
    caughtBy: simulation,
  },
  {
    name: 'double refund: the fee stays held after it was restored',
    file: point,
    find: "case 'PointsRestored':\n        return { ...moved(state, event.data), hold: null };",
    replace: "case 'PointsRestored':\n        return moved(state, event.data);",
    caughtBy: rulesOf('point'),
  },
  {
    name: 'hold not released: a returned ride binds the rider for ever',
    file: point,
    find: "case 'ReservationSettled':\n        return { ...state, hold: null };",
    replace: "case 'ReservationSettled':\n        return state;",
    caughtBy: rulesOf('point'),
  },
  {
    name: 'balance off by one, too generous',
    file: point,
    find: 'if (state.balance < fee) {',
    replace: 'if (state.balance + 1 < fee) {',
    caughtBy: rulesOf('point'),
  },
  {
    name: 'balance off by one, too strict',
    file: point,
    find: 'if (state.balance < fee) {',
    replace: 'if (state.balance <= fee) {',
    caughtBy: simulation,
  },
  {
    name: 'overtime comes back each time that it is put right',
    file: point,
    find: 'if (restored) return [];',
    replace: '',
    caughtBy: rulesOf('point'),
  },
  {
    name: 'more overtime comes back than was charged',
    file: point,
    find: 'const tooMuch = paid + owed - overtimePrice(',
    replace: 'const tooMuch = paid + owed + rule.stepPrice - overtimePrice(',
    caughtBy: rulesOf('point'),
  },
  {
    name: 'a return is settled as often as somebody settles it',
    file: returnReport,
    find: "const open = report?.status === 'OPEN' ? report : undefined;",
    replace: 'const open = report;',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'no check for a live reservation of the rider',
    file: point,
    find: "if (state.hold) return no('RIDER_HAS_LIVE_RESERVATION', 'The rider already has a reservation or a ride.');",
    replace: '',
    caughtBy: rulesOf('point'),
  },
  {
    name: 'the fee is booked, but not taken',
    file: point,
    find: 'amount: fee, balanceAfter: state.balance - fee, at }',
    replace: 'amount: fee, balanceAfter: state.balance, at }',
    caughtBy: simulation,
  },
  {
    name: 'a ride is settled for any reservation',
    file: point,
    find: '  if (state.hold?.reserveNo !== reserveNo) return [];\n  const settled',
    replace: '  const settled',
    caughtBy: rulesOf('point'),
  },
  {
    name: 'double booking: a held bike is given to the next who asks',
    file: reservation,
    find: "if (slot.status === 'held') return refuse('BIKE_ALREADY_RESERVED', 'Another reservation holds the bike.');",
    replace: '',
    caughtBy: simulation,
  },
  {
    name: 'a started ride can be cancelled',
    file: reservation,
    find: "const live = liveIn(slot, command.reserveNo, 'PENDING', 'RESERVED');\n        if (!live) return refuse('NOT_CANCELLABLE'",
    replace:
      "const live = liveIn(slot, command.reserveNo, 'PENDING', 'RESERVED', 'IN_USE');\n        if (!live) return refuse('NOT_CANCELLABLE'",
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'an answer to an old reservation changes the present one',
    file: reservation,
    find: "if (slot.status !== 'held' || slot.reservation.reserveNo !== reserveNo) return undefined;",
    replace: "if (slot.status !== 'held') return undefined;",
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'no deadline: nothing ever expires',
    file: reservation,
    find: 'Date.parse(live.deadline) <= Date.parse(at);',
    replace: 'Date.parse(live.deadline) < 0;',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'a rejected reservation keeps the bike',
    file: reservation,
    find: "return end(slot, { reserveStatus: 'REJECTED', refusal: { code, because } });",
    replace: "return update(slot, { reserveStatus: 'REJECTED', refusal: { code, because } });",
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'refused points confirm the reservation',
    file: reservationPolicies,
    find: "command: { type: 'RejectReservation', reserveNo, code, because },",
    replace: "command: { type: 'ConfirmReservation', reserveNo, ...{ code, because } },",
    caughtBy: simulation,
  },
  {
    name: 'drop the inbox: a cause may come any number of times',
    file: journal,
    find: 'schema.index({ cause: 1 }, { unique: true });',
    replace: 'schema.index({ cause: 1 });',
    caughtBy: simulation,
  },
  {
    name: 'no cause check: a repetition that is refused now is not recognised',
    file: commandHandler,
    find: 'const earlier = origin.isNew ? null : await journal.byCause(origin.cause);',
    replace: 'const earlier = null as Document | null;',
    caughtBy: simulation,
  },
  {
    name: 'a key with another body gets the answer of the first',
    file: commandHandler,
    find: 'if (document.commandHash === commandHash) {',
    replace: 'if (document) {',
    caughtBy: simulation,
  },
  {
    name: 'wrong version: a decision leaves a gap behind it',
    file: commandHandler,
    find: 'const version = lastVersionOf(head) + 1;',
    replace: 'const version = lastVersionOf(head) + (head ? 2 : 1);',
    caughtBy: platform('event-core/command-handler.test', 'fast'),
  },
  {
    name: 'no version check: two writers of one version both win',
    file: 'platform/foundation/event-id.ts',
    find: 'return `${stream}@${version}`;',
    replace: "return `${stream}@${version}${new Error().stack?.includes('compose') ? `~${Math.random()}` : ''}`;",
    caughtBy: platform('event-core/command-handler.test', 'fast'),
  },
  {
    name: 'the hash chain is not linked',
    file: commandHandler,
    find: "prevHash: head?.hash ?? '',",
    replace: "prevHash: '',",
    caughtBy: platform('event-core/command-handler.test', 'fast'),
  },
  {
    name: 'publish before insert',
    file: commandHandler,
    find: 'if (await journal.append(document)) {',
    replace: 'await options.decided(document);\n    if (await journal.append(document)) {',
    caughtBy: platform('event-core/command-handler.test', 'fast'),
  },
  {
    name: 'an insert without an answer is taken for done',
    file: journal,
    find: "if (isUnavailable(error)) throw new UnavailableError('The journal did not answer.', { cause: error });",
    replace: 'if (isUnavailable(error)) return true;',
    caughtBy: simulation,
  },
  {
    name: 'no sweeper: what a dying process left over stays',
    file: relay,
    find: 'const leftovers = await journal.unpublished(options.sweepBatch);',
    replace: 'const leftovers = (await journal.unpublished(options.sweepBatch)).slice(0, 0);',
    caughtBy: simulation,
  },
  {
    name: 'mark before publish',
    file: relay,
    find: '      await views;\n      await publish(document);',
    replace: '      await views;\n      await journal.markPublished([_id]);\n      await publish(document);',
    caughtBy: platform('messaging/outbox-relay.int'),
  },
  {
    name: 'the broker hears of it before the owner shows it',
    file: relay,
    find: '      await views;\n      await publish(document);',
    replace: '      await publish(document);\n      await views;',
    caughtBy: platform('messaging/outbox-relay.int'),
  },
  {
    name: 'what the broker refuses does not step aside: those behind it wait for ever',
    file: relay,
    find: '    await journal.putAside(document._id, { because, times: times + 1, since, until });\n',
    replace: '',
    caughtBy: platform('messaging/outbox-relay.int'),
  },
  {
    name: 'no reconciler: a broker that lost its store stays empty',
    file: reconciler,
    find: 'return isWhole ? 0 : await refill(stream, upTo, count !== 0, refuse);',
    replace: 'return 0;',
    caughtBy: simulation,
  },
  {
    name: 'only empty streams are refilled: a hole before what came after the loss stays',
    file: reconciler,
    find: 'return isWhole ? 0 : await refill(stream, upTo, count !== 0, refuse);',
    replace: 'return count !== 0 ? 0 : await refill(stream, upTo, false, refuse);',
    caughtBy: simulation,
  },
  {
    name: 'a stream with a hole counts as one that grows',
    file: reconciler,
    find: 'if (newest >= upTo && count === newest) return true;',
    replace: 'if (newest >= upTo) return true;',
    caughtBy: platform('messaging/reconciler.int'),
  },
  {
    name: 'ack before the effect stands',
    file: consumer,
    find: '    try {\n      const process = () => processor.process(incoming);',
    replace: '    try {\n      delivery.ack();\n      const process = () => processor.process(incoming);',
    caughtBy: simulation,
  },
  {
    name: 'position before handle',
    file: processor,
    find: '    const failure = await attempt(incoming);\n',
    replace: '    await positions.advance(incoming.subject, version);\n    const failure = await attempt(incoming);\n',
    caughtBy: simulation,
  },
  {
    name: 'no gap check: events are handled in the order they come',
    file: processor,
    find: 'if (version > (await whileUnavailable(() => positions.get(subject))) + 1) {',
    replace: 'if (version < 0) {',
    caughtBy: simulation,
  },
  {
    name: 'poison is thrown away',
    file: processor,
    find: '    await whileUnavailable(() => deadLetters.park(toFailed(incoming, errorClass, error)));\n',
    replace: '',
    caughtBy: simulation,
  },
  {
    name: 'later events overtake one that is parked',
    file: processor,
    find: 'if (!first || version < first.version) return false;',
    replace: 'if (first) return false;\n    if (!first || version < first.version) return false;',
    caughtBy: platform('messaging/consumer.int'),
  },
  {
    name: 'no attempts counted: an unknown error is tried for ever',
    file: processor,
    find: 'if (delay === undefined) return {',
    replace: 'if (attempts < 0 || delay === null) return {',
    caughtBy: platform('messaging/consumer.int'),
  },
  {
    name: 'one after the other, without lanes by subject',
    file: 'platform/foundation/keyed-queue.ts',
    find: 'if (lane) return add(lane, each);',
    replace: 'if (lane) return void each.begin();',
    caughtBy: platform('foundation/keyed-queue.test', 'fast'),
  },
  {
    name: 'numbers repeat',
    file: 'platform/event-core/counters.ts',
    find: 'takers.forEach((take, index) => take(first + index));',
    replace: 'takers.forEach((take) => take(first));',
    caughtBy: platform('event-core/counters.int'),
  },
  {
    name: 'a view goes back to an older version',
    file: 'platform/event-core/read-model.ts',
    find: "const newer = { $cond: [{ [than]: ['$version', '$$row.version'] }, '$$row', '$$ROOT'] };",
    replace: "const newer = '$$row';",
    caughtBy: platform('event-core/read-model.int'),
  },
  {
    name: 'a row that another instance inserted first stays as it was',
    file: 'platform/event-core/read-model.ts',
    find: 'if (inTheWay.length > there) await replaceThere(collection, inTheWay, than);',
    replace: '',
    caughtBy: platform('event-core/read-model.int'),
  },
  {
    name: 'the dashboard counts a repeated event again',
    file: 'subgraphs/dashboard/fold.ts',
    find: 'if (version <= versionIn(rows, subject)) return undefined;',
    replace: '',
    caughtBy: simulation,
  },
  {
    name: 'no refund when a reservation runs out',
    file: pointPolicies,
    find: 'ReservationExpired: { restorePointsWhenReservationExpired: restore },',
    replace: '',
    caughtBy: simulation,
  },
  {
    name: 'reservations that have run out are not looked for',
    file: 'subgraphs/reservation/subgraph.ts',
    find: "{ name: 'expiry', everyMs: settings.EXPIRY_EVERY_MS, run: expireWhatIsDue },",
    replace: '',
    caughtBy: simulation,
  },
  {
    name: 'a refusal from a head that is remembered, and may be old',
    file: commandHandler,
    find: 'if (remembered || (mayRemember && origin.opens)) return attempt(stream, asked, origin, false);',
    replace: '',
    caughtBy: simulation,
  },
  {
    name: 'idempotency keys are ignored',
    file: 'platform/event-core/commands.ts',
    find: ':${idempotencyKey ?? randomUUID()}`',
    replace: ':${randomUUID()}`',
    caughtBy: simulation,
  },
  {
    name: 'one cause for all events of a stream: the second reaction is taken for a repetition',
    file: 'platform/event-core/policies.ts',
    find: 'cause: `${name}:${event.id}`,',
    replace: 'cause: `${name}:${event.subject}`,',
    caughtBy: simulation,
  },
  {
    name: 'what could not be settled is acknowledged',
    file: consumer,
    find: 'delivery.nak(isClosed() ? 100 : options.outageDelayMs);',
    replace: 'delivery.ack();',
    caughtBy: simulation,
  },
  {
    name: 'a position counts although it was not stored',
    file: 'platform/messaging/checkpoints.ts',
    find: '        known.delete(subject);\n        throw error;',
    replace: '        throw error;',
    caughtBy: platform('messaging/checkpoints.int'),
  },
  {
    name: 'a question for missing events is answered with those after them',
    file: 'platform/service/aggregate.ts',
    find: 'await journal.eventsAfter(stream, after, eventsPerAnswer)',
    replace: 'await journal.eventsAfter(stream, after + 1, eventsPerAnswer)',
    caughtBy: simulation,
  },
  {
    name: 'of several commits that share a write the dashboard shows the last',
    file: 'subgraphs/dashboard/feed.ts',
    find: 'await models.write(mergeCommits(unsettled, last));',
    replace: 'await models.write(last);',
    caughtBy: simulation,
  },
  {
    name: 'what is refused is left in the way of what comes after it',
    file: relay,
    find: 'if (isUnavailable(error)) throw error;\n    const { times',
    replace: 'throw error;\n    const { times',
    caughtBy: simulation,
  },
  {
    name: 'what was refused is never tried again',
    file: relay,
    find: '.then(tryAgain)',
    replace: '',
    caughtBy: simulation,
  },
  {
    name: 'half a character gets into a journal',
    file: 'platform/event-core/lasting.ts',
    find: "if (!item.isWellFormed()) no('has half a character in it');",
    replace: '',
    caughtBy: simulation,
  },
  {
    name: 'charged for what no journal takes',
    file: purchases,
    find: 'assertLasting({ cause, correlationId, causationId, traceparent, body });',
    replace: '',
    caughtBy: simulation,
  },
  {
    name: 'a purchase is forgotten before the provider is asked',
    file: purchases,
    find: 'const answer = await charge({',
    replace: 'await charges.forget(row);\n    const answer = await charge({',
    caughtBy: simulation,
  },
  {
    name: 'an answer that was lost is not asked for again',
    file: purchases,
    find: 'const due = await charges.due(clock(), Math.max(retryMs, retryMaxMs), chargesPerSweep);',
    replace: 'const due: never[] = [];',
    caughtBy: simulation,
  },
  {
    name: 'another amount than asked for is credited',
    file: purchases,
    find: "if ('mismatch' in answer) return dispute(row, answer.mismatch);",
    replace: "if ('mismatch' in answer) return settle(row, { approved: true });",
    caughtBy: simulation,
  },
  {
    name: 'another body under the key of a purchase is paid for too',
    file: purchases,
    find: 'if (standing.bodyHash !== wanted.bodyHash) return reused;\n    return ask(standing);',
    replace: 'return ask(wanted);',
    caughtBy: simulation,
  },
  {
    name: 'what is disputed is forgotten by the process that heard another answer',
    file: 'subgraphs/approval/charges.ts',
    find: "deleteOne({ _id, bodyHash, status: 'open' })",
    replace: 'deleteOne({ _id, bodyHash })',
    caughtBy: { specification: 'subgraphs/approval/charges.int', project: 'servers' },
  },
  {
    name: 'a change is told again to one who has its cursor',
    file: changeFeed,
    find: '(place.sequence === sequence && version > seen);',
    replace: '(place.sequence === sequence && version >= seen);',
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'who goes on after a cursor is told its stream from the beginning of its message',
    file: changeFeed,
    find: '    known.set(stream, cursor.version);\n',
    replace: '',
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'a cursor from before the broker lost its store is taken for a place in the new one',
    file: changeFeed,
    find: 'if (message?.sequence !== sequence || markOf(message) !== mark) throw expired();',
    replace: 'if (message?.sequence !== sequence) throw expired();',
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'a broker that lost its store is read on from where it was',
    file: changeFeed,
    find: 'if (there?.sequence === read.sequence && markOf(there) === read.mark) return;',
    replace: "if (read.mark !== '') return;",
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'what is kept is told as if nothing older had been forgotten',
    file: changeFeed,
    find: '      if (follower.next < first) throw expired();\n',
    replace: '',
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'more was missed than is read, and the rest is left out',
    file: changeFeed,
    find: '    if (!messages) throw expired();\n',
    replace: '    if (!messages) return [];\n',
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'what is decided while a subscriber comes back falls between what is read and what is kept',
    file: changeFeed,
    find: 'return join(wish, place, next, wanted);',
    replace: 'return join(wish, place, first + entries.length, wanted);',
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'a lost notice is never made up for',
    file: changeFeed,
    find: "time.every(pollEveryMs, () => look('poll')),",
    replace: '',
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'an event that was stored out of turn takes the earlier ones along',
    file: changeLog,
    find: 'told.push(...[...earlier, document].map(',
    replace: 'told.push(...[document].map(',
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'an event that the broker repeats is told again',
    file: changeLog,
    find: '    if (stored >= version) return null;\n',
    replace: '',
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'a cursor of one subscription is taken by another',
    file: 'platform/service/change-cursor.ts',
    find: 'changeCursor(cursor, of) === text ? cursor : null',
    replace: 'cursor.mark ? cursor : null',
    caughtBy: platform('service/change-feed.test', 'fast'),
  },
  {
    name: 'the first answer waits for what is deferred',
    file: cut,
    find: 'first: partOf((need) => need.has(atFirst)),',
    replace: 'first: partOf(() => true),',
    caughtBy: router('gateway/incremental/incremental.test'),
  },
  {
    name: 'a deferred fetch has no keys to ask with',
    file: cut,
    find: 'for (const each of list.paths) askForKeys(list.requires, each, need, cutting.places);',
    replace: '',
    caughtBy: router('gateway/incremental/incremental.test'),
  },
  {
    name: 'what two deferred fragments ask for is given with each',
    file: deliver,
    find: 'data, errors });\n      remove(part);\n',
    replace: 'data, errors });\n      left.delete(part);\n      waiting.parts.delete(part);\n',
    caughtBy: router('gateway/incremental/incremental.test'),
  },
  {
    name: 'an error of what comes later is told with what comes first',
    file: deliver,
    find: 'const kept = new Set(later.flatMap((part) => untold.within(part.path).filter((error) => isIn(part, error))));',
    replace: 'const kept = new Set<unknown>();',
    caughtBy: router('gateway/incremental/incremental.test'),
  },
  {
    name: 'a deferred fragment with a null that may not be there is given',
    file: deliver,
    find: 'const failures = parts.filter(({ data }) => data === undefined);',
    replace: "const failures = parts.filter(({ data }) => data === '');",
    caughtBy: router('gateway/incremental/incremental.test'),
  },
  {
    name: 'a deferred fragment is given before the one around it',
    file: deliver,
    find: 'waiting.parts.size > 0 && !isWithin(waiting) && !isFailed(waiting)',
    replace: 'waiting.parts.size > 0 && !isFailed(waiting)',
    caughtBy: router('gateway/incremental/incremental.test'),
  },
  {
    name: 'an answer in parts never says that it has ended',
    file: deliver,
    find: 'receive({ ...given, errors: [], pending, hasNext: left.size > 0 });',
    replace: 'receive({ ...given, errors: [], pending, hasNext: true });',
    caughtBy: router('gateway/incremental/incremental.test'),
  },
  {
    name: 'no second planner',
    file: createPlanner,
    find: '        return (await second).plan(operation, overrides);',
    replace: '        throw error;',
    caughtBy: router('gateway/planning/planner-process.test'),
  },
  {
    name: 'a plan that takes too long is not left to the second planner',
    file: createPlanner,
    find: '      } catch (error) {\n        const name',
    replace:
      "      } catch (error) {\n        if ((error as Error).name === 'PlanTimeout') throw error;\n        const name",
    caughtBy: router('gateway/planning/create-planner.test'),
  },
  {
    name: 'what a process was to plan is waited for though it has ended',
    file: plannerProcess,
    find: '        for (const { reject: fail } of pending.values()) fail(died);\n',
    replace: '',
    caughtBy: router('gateway/planning/planner-process.test'),
  },
  {
    name: 'a process that ended is not replaced',
    file: plannerProcess,
    find: '        if (running?.child === child) running = undefined;\n        if (one',
    replace: '        if (one',
    caughtBy: router('gateway/planning/planner-process.test'),
  },
  {
    name: 'operations that end the planner start as many processes',
    file: plannerProcess,
    find: "      if (performance.now() - diedAt < restMs) throw new PlannerDied('The planner’s process has just ended.');\n",
    replace: '',
    caughtBy: router('gateway/planning/planner-process.test'),
  },
  {
    name: 'the entities of a mutation’s field are read after all of its fields',
    file: mutationOrder,
    find: '    if (withEntities.has(name)) parts.push([]);\n',
    replace: '',
    caughtBy: router('testing/conformance/conformance.test'),
  },
  {
    name: 'a field of a mutation that stands twice loses what was asked of it first',
    file: mutationOrder,
    find: 'const inner = [...(known?.selectionSet?.selections ?? []), ...(selection.selectionSet?.selections ?? [])];',
    replace: 'const inner = [...(selection.selectionSet?.selections ?? [])];',
    caughtBy: router('testing/conformance/conformance.test'),
  },
  {
    name: 'a field of a mutation in a fragment runs after those that follow it',
    file: mutationOrder,
    find: 'for (const selection of selections) {\n      if (selection.kind !== Kind.FIELD) {',
    replace:
      'const late = (one) => Number(one.kind !== Kind.FIELD);\n    for (const selection of selections.toSorted((one, other) => late(one) - late(other))) {\n      if (selection.kind !== Kind.FIELD) {',
    caughtBy: router('testing/conformance/conformance.test'),
  },
  {
    name: 'one plan for all values of @skip and @include',
    file: 'router/gateway/compiled.ts',
    find: "for (const name of checked.conditions) key += !(name in variables) ? '-' : variables[name] === true ? '1' : '0';",
    replace: '',
    caughtBy: router('testing/conformance/conformance.test'),
  },
  {
    name: '@include is not looked at',
    file: conditions,
    find: "else if ((holds === true) === (directive.name.value === 'skip')) return null;",
    replace: "else if (holds === true && directive.name.value === 'skip') return null;",
    caughtBy: router('testing/conformance/conformance.test'),
  },
  {
    name: '@skip and @include on fragments are not looked at',
    file: conditions,
    find: '    InlineFragment: decideOne,\n    FragmentSpread: decideOne,\n',
    replace: '',
    caughtBy: router('testing/conformance/conformance.test'),
  },
  {
    name: 'a list costs as much as one of its items',
    file: cost,
    find: 'return Math.max(0, once + items * each);',
    replace: 'return Math.max(0, once + each);',
    caughtBy: router('documents/cost.test'),
  },
  {
    name: 'what an argument says of a list’s length does not count',
    file: cost,
    find: 'const items = most ?? list.assumedSize ?? assumedItems;',
    replace: 'const items = list.assumedSize ?? assumedItems;',
    caughtBy: router('documents/cost.test'),
  },
  {
    name: 'a declared cost does not count',
    file: cost,
    find: 'let each = weight ?? (',
    replace: 'let each = weight !== undefined ? 1 : (',
    caughtBy: router('documents/cost.test'),
  },
  {
    name: 'fields of fragments cost nothing',
    file: cost,
    find: '          cost += selectionCost(fragment.selectionSet, { ...place, type });',
    replace: '          selectionCost(fragment.selectionSet, { ...place, type });',
    caughtBy: router('documents/cost.test'),
  },
  {
    name: 'an operation that is too costly is run',
    file: 'router/documents/documents.ts',
    find: '      if (cost > limits.maxCost) return refused(tooComplex(cost, limits.maxCost, estimated.longest));\n',
    replace: '',
    caughtBy: router('documents/documents.test'),
  },
  {
    name: 'nobody asks too often',
    file: rates,
    find: 'const isFree = bucket.left >= 1;',
    replace: 'const isFree = bucket.left >= -Infinity;',
    caughtBy: router('http/rates.test'),
  },
  {
    name: 'all clients ask at the expense of one',
    file: rates,
    find: 'const bucket = buckets.get(id) ?? { left: burst, at };',
    replace: "const bucket = buckets.get((id = '')) ?? { left: burst, at };",
    caughtBy: router('http/rates.test'),
  },
  {
    name: 'who was quiet for an hour may ask as often as in an hour',
    file: rates,
    find: 'const left = Math.min(burst, bucket.left + ((at - bucket.at) / 1_000) * rate);',
    replace: 'const left = bucket.left + ((at - bucket.at) / 1_000) * rate;',
    caughtBy: router('http/rates.test'),
  },
  {
    name: 'who asked too often once may not ask again',
    file: rates,
    find: '((at - bucket.at) / 1_000) * rate',
    replace: '((at - bucket.at) / 1_000) * rate * 0',
    caughtBy: router('http/rates.test'),
  },
  {
    name: 'an EventSource that comes back begins anew',
    file: streams,
    find: "return { ...payload, extensions: { ...payload.extensions, cursor: jsonIn('Last-Event-ID', id) } };",
    replace: 'return payload;',
    caughtBy: router('subscriptions/http-streams.test'),
  },
  {
    name: 'the subscription of everybody is asked for with somebody’s token',
    file: 'router/subscriptions/group.ts',
    find: 'plan.isSameForEverybody ? undefined : speaker()',
    replace: 'speaker()',
    caughtBy: router('subscriptions/same-for-everybody.test'),
  },
  {
    name: 'what another subgraph adds for one client is told to all',
    file: 'router/subscriptions/same-for-everybody.ts',
    find: 'fetchesOf(node).length === 0 && ',
    replace: '',
    caughtBy: router('subscriptions/same-for-everybody.test'),
  },
  {
    name: 'clients share on what is private in the new supergraph',
    file: 'router/subscriptions/hub.ts',
    find: 'if (!plan || isParted)',
    replace: 'if (!plan)',
    caughtBy: router('subscriptions/same-for-everybody.test'),
  },
  {
    name: 'a bike that leaves a station is counted there for ever',
    file: 'subgraphs/dashboard/parked.ts',
    find: '      if (before) add(before, -1);\n',
    replace: '',
    caughtBy: { specification: 'subgraphs/dashboard/picture.test', project: 'fast' },
  },
  {
    name: 'events have no id',
    file: 'router/subscriptions/stream-formats.ts',
    find: "${cursor === undefined ? '' : `id: ${ascii(cursor)}\\n`}",
    replace: '',
    caughtBy: router('subscriptions/clients.test'),
  },
  {
    name: 'a server that ends by itself is started again for ever',
    file: keepRunning,
    find: '    if (restarts > RESTARTS) return gaveUp(message);\n',
    replace: '',
    caughtBy: { specification: 'deploy/local/keep-running.test', project: 'fast' },
  },
  {
    name: 'a server that ends by itself stays down',
    file: keepRunning,
    find: '    if (restarts > RESTARTS) return gaveUp(message);\n',
    replace: '    if (restarts > 0) return gaveUp(message);\n',
    caughtBy: { specification: 'deploy/local/keep-running.test', project: 'fast' },
  },
  {
    name: 'a server that answers no longer is left alone',
    file: keepRunning,
    find: 'if (unanswered < UNANSWERED_CHECKS) continue;',
    replace: 'continue;',
    caughtBy: { specification: 'deploy/local/keep-running.test', project: 'fast' },
  },
  {
    name: 'a client that has closed its side is taken for gone',
    file: 'platform/server/half-closed.ts',
    find: '  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;\n',
    replace: '',
    caughtBy: platform('server/half-closed.test', 'fast'),
  },
  {
    name: 'a client that has gone is waited for',
    file: 'platform/server/half-closed.ts',
    find: '    if (!response.writableEnded) ask(response);\n',
    replace: '',
    caughtBy: platform('server/half-closed.test', 'fast'),
  },
  {
    name: 'of two headers the first counts',
    file: 'platform/server/repeated-header.ts',
    find: 'if (seen.has(name)) return name;',
    replace: '',
    caughtBy: platform('server/http.test', 'fast'),
  },
  {
    name: 'a bike is offered to whoever came last',
    file: waiting,
    find: 'const first = entries.find(({ offer }) => !offer);',
    replace: 'const first = entries.findLast(({ offer }) => !offer);',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'a bike is offered to two riders of a list',
    file: waiting,
    find: 'if (!first || entries.some(({ offer }) => offer?.bikeId === bikeId)) return [];',
    replace: 'if (!first) return [];',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'a waiting list takes one rider too many',
    file: waiting,
    find: 'entries.length >= mostInList)',
    replace: 'entries.length > mostInList)',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'a wait never ends by itself',
    file: waiting,
    find: "if (!offer) return isPast(until, at) ? ended('TIMED_OUT') : [];",
    replace: 'if (!offer) return [];',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'who does not take the bike keeps it on offer',
    file: waiting,
    find: "return isPast(offer.until, at) ? ended('OFFER_LAPSED') : [];",
    replace: 'return [];',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'a claim ends the wait of its rider before point has decided on it',
    file: 'subgraphs/reservation/offers.ts',
    find: "if (status === 'PENDING') claiming.add(userId);\n      else if (status) holders",
    replace: 'if (status) holders',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'a bike is on offer in two lists',
    file: 'subgraphs/reservation/offers.ts',
    find: 'told?.bikeId === bikeId && told.bikeVersion === bikeVersion)) return null;',
    replace: 'told?.bikeId === bikeId && told.bikeVersion > bikeVersion)) return null;',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'on a ride a bike still stands at its station',
    file: reservation,
    find: '          ...(isPlace(event.data) && { startPlace: placeIn(event.data) }),\n        },\n        {},',
    replace: '          ...(isPlace(event.data) && { startPlace: placeIn(event.data) }),\n        },',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'a returned bike does not stand where its rider says',
    file: reservation,
    find: 'return placed(free, isPlace(said) ? said : placeOf(slot));',
    replace: 'return placed(free, placeOf(slot));',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'a bike is moved while somebody rides it',
    file: reservation,
    find: "if (slot.status === 'held' && slot.reservation.reserveStatus === 'IN_USE') {",
    replace: 'if (false) {',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'a bike is reserved at a station that it left',
    file: reservation,
    find: 'if (command.at !== undefined && command.at !== slot.place?.stationId) {',
    replace: 'if (false) {',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'a push comes when it is too late',
    file: 'subgraphs/reservation/pushes/occasions.ts',
    find: 'if (now >= until - noticeMs && now < until)',
    replace: 'if (now >= until - noticeMs)',
    caughtBy: rulesOf('reservation'),
  },
  {
    name: 'one rider fills the list of a bike’s faults',
    file: bike,
    find: 'if (own.length >= mostFaultsOfOne) {',
    replace: 'if (false) {',
    caughtBy: rulesOf('bike'),
  },
  {
    name: 'a fault is closed that nobody has seen',
    file: bike,
    find: 'if (until !== undefined && last !== undefined && last.reportedAt > until) {',
    replace: 'if (false) {',
    caughtBy: rulesOf('bike'),
  },
  {
    name: 'a bike back in service stays faulty',
    file: bike,
    find: "? { ...withoutFaults(state), condition: 'IN_SERVICE' }",
    replace: "? { ...state, condition: 'IN_SERVICE' }",
    caughtBy: rulesOf('bike'),
  },
  {
    name: 'of stations that are equally near one is left out between two pages',
    file: stationStore,
    find: 'return meters > before || (meters === before && station.number > number);',
    replace: 'return meters > before;',
    caughtBy: { specification: 'subgraphs/station/', project: 'servers' },
  },
  {
    name: 'the first look for what is near is the last',
    file: stationStore,
    find: 'if (found.length > size) return { found };',
    replace: 'return { found };',
    caughtBy: { specification: 'subgraphs/station/', project: 'servers' },
  },
  {
    name: 'near is a square',
    file: stationStore,
    find: '.filter((one) => one.meters <= meters)',
    replace: '',
    caughtBy: { specification: 'subgraphs/station/', project: 'servers' },
  },
  {
    name: 'a bike that comes back from a ride stands nowhere on the map',
    file: 'subgraphs/dashboard/projections.ts',
    find: 'return { ...standing(bike, said), lastRide: reserveNo };',
    replace: 'return { ...standing(bike, {}), lastRide: reserveNo };',
    caughtBy: simulation,
  },
  {
    name: 'a station that a bike left is not told',
    file: 'subgraphs/dashboard/station-counts.ts',
    find: 'touched.add((before.get(rowName) as BikeView | undefined)?.stationId);',
    replace: '',
    caughtBy: rulesOf('dashboard'),
  },
  {
    name: 'counts go on after a gap',
    file: 'subgraphs/dashboard/station-counts.ts',
    find: 'if (commit._id > version + 1) throw cursorExpired();',
    replace: '',
    caughtBy: rulesOf('dashboard'),
  },
  {
    name: 'a clock that is behind turns the past of a bike round',
    file: 'subgraphs/dashboard/past.ts',
    find: 'const time = Math.max(at, last?.at ?? at);',
    replace: 'const time = at;',
    caughtBy: rulesOf('dashboard'),
  },
  {
    name: 'one bike that replaces another at the same moment makes a station empty',
    file: 'subgraphs/dashboard/spells.ts',
    find: 'while ((others[other + 1]?.at ?? Infinity) <= at) other += 1;',
    replace: 'if ((others[other + 1]?.at ?? Infinity) <= at) other += 1;',
    caughtBy: rulesOf('dashboard'),
  },
  {
    name: 'a vehicle keeps its public name for ever',
    file: 'subgraphs/dashboard/open-data/vehicle-ids.ts',
    find: 'block.writeUIntBE(lastRide, numberBytes, numberBytes);',
    replace: 'block.writeUIntBE(lastRide > 0 ? 0 : 0, numberBytes, numberBytes);',
    caughtBy: rulesOf('dashboard'),
  },
  {
    name: 'open data shows a bike on a ride',
    file: 'subgraphs/dashboard/open-data/gbfs.ts',
    find: "return isOut && use !== 'inUse' && stands;",
    replace: 'return isOut && stands;',
    caughtBy: rulesOf('dashboard'),
  },
  {
    name: 'open data lists bikes in the order of their numbers',
    file: 'subgraphs/dashboard/open-data/text-list.ts',
    find: '[...group.texts].sort().join()',
    replace: '[...group.texts].join()',
    caughtBy: rulesOf('dashboard'),
  },
];

/**
 * The source with a mutation in it.
 * @throws {Error} when its text does not occur exactly once: the code has changed, and so must the mutation.
 */
export function mutate({ name, file, find, replace }: Mutation, source: string): string {
  const times = source.split(find).length - 1;
  if (times !== 1)
    throw new Error(`"${name}" wants to replace a text that stands in ${file} ${times} times, not once.`);
  return source.replace(find, () => replace);
}

/** The mutation that the environment asks for (MUTATION=<its name>). */
export function wantedMutation(env: NodeJS.ProcessEnv): Mutation | undefined {
  const name = env['MUTATION'];
  if (!name) return undefined;
  const found = mutations.find((mutation) => mutation.name === name);
  if (!found) throw new Error(`There is no mutation "${name}".`);
  return found;
}
