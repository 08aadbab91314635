import './fleet-stations.css';
import { type SubmitEvent, useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import {
  CloseStationDocument,
  MoveBikesDocument,
  OpenStationDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { linkToTab } from '../../app/links.ts';
import { ConfirmDialog } from '../../shared/ui/confirm.tsx';
import { Button, Field } from '../../shared/ui/controls.tsx';
import { DialogForm } from '../../shared/ui/dialog-form.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { actsForOthers, useActing } from '../../shared/session/acting.ts';
import { listed } from '../../shared/i18n/lists.ts';
import { useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { nameOf, type Station } from '../../shared/stations/places.ts';
import { NoStations, Stations } from '../../shared/stations/stations.tsx';
import { useStationNames, useStations } from '../../shared/stations/use-stations.ts';
import { bikeNumbersIn } from './bike-numbers.ts';
import { Reason } from './reason.tsx';
import { StationsTable } from './stations-table.tsx';
import { fleetWords } from './words.ts';

/** The stations on a map and in a table; operators bring bikes there, close them and open them again. */
export default function FleetStations() {
  if (useStationNames()?.length === 0) return <NoneYet />;
  return (
    <>
      <FleetMap />
      <StationsTable />
    </>
  );
}

/** Follows what stands at stations, to hear of the first ones: names alone are asked for every few minutes. */
function NoneYet() {
  useStations();
  const acting = useActing();
  const mayChange = acting !== null && actsForOthers(acting.session);
  return <NoStations importAt={mayChange ? linkToTab('register') : null} />;
}

/** Apart from the table, which asks for itself: the map hears of changes ten times a second. */
function FleetMap() {
  const stations = useStations();
  const acting = useActing();
  const mayChange = acting !== null && actsForOthers(acting.session);
  return (
    <Stations
      stations={stations}
      {...(mayChange && { actions: (station) => <Operate key={station.stationId} station={station} /> })}
    />
  );
}

function Operate({ station }: { station: Station }) {
  const words = useWords(fleetWords).station;
  const { language } = useSpeech();
  const submission = useSubmission();
  const [text, setText] = useState('');
  const [isWrong, setWrong] = useState(false);
  const { stationId } = station;
  const isOpen = station.state === 'OPEN';

  async function move(bikeIds: readonly number[], client: Client, idempotencyKey: string): Promise<Outcome> {
    const moves = bikeIds.map((bikeId) => ({ bikeId, stationId, idempotencyKey: `${idempotencyKey}:${bikeId}` }));
    const { results } = (await client.request(MoveBikesDocument, { input: { moves } })).moveBikes;
    const failed = results.flatMap(({ line, refusal }) => (refusal ? [{ bikeId: bikeIds[line - 1], refusal }] : []));
    const [first] = failed;
    if (!first) return good(() => fleetWords[language].station.moved(bikeIds.length));
    const same = failed.filter(({ refusal }) => refusal.code === first.refusal.code);
    const names = listed(
      same.map(({ bikeId }) => String(bikeId)),
      language,
    );
    return {
      tone: 'refused',
      refusal: first.refusal.code,
      say: ({ refusal }) => fleetWords[language].station.notMoved(names, refusal[first.refusal.code].because),
    };
  }
  function submit(event: SubmitEvent) {
    event.preventDefault();
    const bikeIds = bikeNumbersIn(text);
    setWrong(bikeIds === null);
    if (bikeIds)
      void submission.submit(`move ${bikeIds.join()} to ${stationId}`, (client, key) => move(bikeIds, client, key));
  }

  return (
    <>
      {isOpen && (
        <form className="bring" noValidate onSubmit={submit}>
          <Field label={words.moveBikes} hint={words.bikeNumbersHint} error={isWrong ? words.bikeNumbersWrong : null}>
            {(ids) => (
              <input
                {...ids}
                name="bikeIds"
                autoComplete="off"
                value={text}
                onChange={(event) => {
                  setText(event.target.value);
                  setWrong(false);
                }}
              />
            )}
          </Field>
          <Button type="submit" isPending={submission.pending}>
            {words.move}
          </Button>
        </form>
      )}
      <OutcomeText submission={submission} />
      {isOpen ? <CloseStation station={station} /> : <OpenAgain station={station} />}
    </>
  );
}

function CloseStation({ station }: { station: Station }) {
  const words = useWords(fleetWords).station;
  const { language } = useSpeech();
  const submission = useSubmission();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const { stationId } = station;
  async function close(client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { stationId, reason: reason.trim(), idempotencyKey };
    const { refusal } = (await client.request(CloseStationDocument, { input })).closeStation;
    return refusal ? refused(refusal) : good(() => fleetWords[language].station.closedNow);
  }
  return (
    <>
      <Button weight="danger" onPress={() => setAsking(true)}>
        {words.close}
      </Button>
      <ConfirmDialog
        title={words.closeTitle(nameOf(station, language))}
        isOpen={asking}
        onClose={() => setAsking(false)}
      >
        <DialogForm
          {...{ action: words.close, keep: words.keep, weight: 'danger', submission }}
          onSubmit={() => submission.submit(`close ${stationId} ${reason.trim()}`, close)}
          onClose={() => setAsking(false)}
        >
          <p>{words.closeHint}</p>
          <Reason value={reason} onChange={setReason} />
        </DialogForm>
      </ConfirmDialog>
    </>
  );
}

/** As it was: opening says everything of a station anew. */
function OpenAgain({ station }: { station: Station }) {
  const words = useWords(fleetWords).station;
  const { language } = useSpeech();
  const submission = useSubmission();
  const { stationId, number, nameKo, nameEn, district, address, position, racks, openedDate } = station;
  async function open(client: Client, idempotencyKey: string): Promise<Outcome> {
    const { latitude, longitude } = position;
    const named = { number, nameKo, ...(nameEn === nameKo ? {} : { nameEn }) };
    const input = { ...named, district, address, position: { latitude, longitude }, racks, openedDate, idempotencyKey };
    const { refusal } = (await client.request(OpenStationDocument, { input })).openStation;
    return refusal ? refused(refusal) : good(() => fleetWords[language].station.opened);
  }
  return (
    <>
      <Button isPending={submission.pending} onPress={() => void submission.submit(`open ${stationId}`, open)}>
        {words.open}
      </Button>
      <OutcomeText submission={submission} />
    </>
  );
}
