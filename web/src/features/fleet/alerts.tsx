import './alerts.css';
import { useState } from 'react';
import { FleetAttentionDocument, type FleetAttentionQuery } from '../../../../schema/client/generated/graphql.ts';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { minutes } from '../../shared/i18n/units.ts';
import { Field, Skeleton } from '../../shared/ui/controls.tsx';
import { errorText } from '../../shared/ui/submission.tsx';
import { longestRide, longestSituation } from './table-address.ts';
import {
  type Alert,
  alertsIn,
  type Figures,
  keepThresholds,
  keptThresholds,
  type Threshold,
  thresholdIn,
  thresholdNames,
  watchedFor,
} from './thresholds.ts';
import { watched } from './watched.ts';
import { type FleetWords, fleetWords } from './words.ts';

/** What has reached a threshold that this operator set; each line leads to the rows behind it. */
export function Alerts() {
  const words = useWords(fleetWords).alerts;
  const shared = useSharedWords();
  const [thresholds, setThresholds] = useState(() => keptThresholds());
  const { emptyMinutes, fullMinutes, rideHours } = thresholds;
  const { data, error } = useAnswer(
    query(FleetAttentionDocument, {
      emptyMinutes: emptyMinutes ?? longestSituation,
      fullMinutes: fullMinutes ?? longestSituation,
      rideMinutes: rideHours === null ? longestRide : rideHours * 60,
    }),
    { pace: watched, keepsLast: true },
  );
  const alerts = data ? alertsIn(figuresOf(data), thresholds) : null;
  const set = (name: Threshold, value: number | null) => {
    // Another tab may have set others.
    const changed = { ...keptThresholds(), [name]: value };
    keepThresholds(changed);
    setThresholds(changed);
  };
  return (
    <section className="card alerts" aria-labelledby="alerts-title">
      <h2 id="alerts-title">{words.title}</h2>
      {!alerts && error === null && <Skeleton label={shared.loading} lines={1} />}
      {alerts?.length === 0 && <p className="aside">{words.none}</p>}
      {alerts && alerts.length > 0 && (
        <ul className="alert-list">
          {alerts.map((alert) => (
            <AlertLine key={alert.name} alert={alert} />
          ))}
        </ul>
      )}
      {!data && error !== null && <p className="aside">{errorText(error, shared)}</p>}
      {alerts && <News alerts={alerts} />}
      <details>
        <summary>{words.thresholds}</summary>
        <p className="aside">{words.hint}</p>
        <div className="thresholds">
          {thresholdNames.map((name) => (
            <ThresholdField key={name} name={name} value={thresholds[name]} onSet={(value) => set(name, value)} />
          ))}
        </div>
      </details>
    </section>
  );
}

const figuresOf = ({
  dashboard: { open, empty, longEmpty, longFull, longRides, lag },
}: FleetAttentionQuery): Figures => ({
  ...{ open: open.totalCount, empty: empty.totalCount },
  ...{ longEmpty: longEmpty.totalCount, longFull: longFull.totalCount, longRides: longRides.totalCount },
  parkedEvents: lag.parkedEvents,
});

function AlertLine({ alert }: { alert: Alert }) {
  const said = useSaid();
  return (
    <li>
      <a className="alert" href={alert.href} data-alert={alert.name}>
        <span>{said(alert)}</span>
      </a>
    </li>
  );
}

/** Says which alerts there are when others have come or gone: how many rows each has changes all the time. */
function News({ alerts }: { alerts: readonly Alert[] }) {
  const words = useWords(fleetWords).alerts;
  const said = useSaid();
  const names = alerts.map(({ name, threshold }) => `${name} ${threshold}`).join();
  const [told, setTold] = useState({ names: '', alerts });
  if (told.names !== names) setTold({ names, alerts });
  return (
    <p className="visually-hidden" role="status">
      {told.alerts.length === 0 ? words.none : told.alerts.map(said).join(' ')}
    </p>
  );
}

function useSaid() {
  const words = useWords(fleetWords).alerts;
  const { language } = useSpeech();
  return ({ name, count, threshold }: Alert) => words.said[name](count, lengthOf(name, threshold, language));
}

function lengthOf(name: Threshold, threshold: number, language: 'ko' | 'en'): string {
  if (name === 'rideHours') return minutes(threshold * 60, language);
  return name === 'emptyMinutes' || name === 'fullMinutes' ? minutes(threshold, language) : formatCount(threshold);
}

interface ThresholdFieldProps {
  name: Threshold;
  value: number | null;
  onSet: (value: number | null) => void;
}

/** What is typed counts at once; what is no threshold is said, and the one before stays. */
function ThresholdField({ name, value, onSet }: ThresholdFieldProps) {
  const words: FleetWords['alerts'] = useWords(fleetWords).alerts;
  const [text, setText] = useState(value === null ? '' : String(value));
  const typed = thresholdIn(name, text);
  // It was set in another tab.
  if (typed !== undefined && typed !== value) setText(value === null ? '' : String(value));
  return (
    <Field
      label={words.names[name]}
      error={typed === undefined ? words.wrong(formatCount(watchedFor[name].most)) : null}
    >
      {(ids) => (
        <input
          {...ids}
          name={name}
          inputMode="numeric"
          autoComplete="off"
          maxLength={10}
          value={text}
          onChange={({ target }) => {
            setText(target.value);
            const said = thresholdIn(name, target.value);
            if (said !== undefined) onSet(said);
          }}
        />
      )}
    </Field>
  );
}
