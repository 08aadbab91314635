import './audit-trail.css';
import type { ReactNode } from 'react';
import { linkTo } from '../../app/links.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { At } from './at.tsx';
import { fleetWords } from './words.ts';

export interface AuditEntry {
  at: string;
  eventType: string;
  by?: string | null;
  reason?: string | null;
  correlationId: string;
}

interface AuditTrailProps<Entry> {
  entries: readonly Entry[];
  /** What the decision made of it. */
  became: (entry: Entry) => ReactNode;
}

/** Who decided what, when and why, newest first. */
export function AuditTrail<Entry extends AuditEntry>({ entries, became }: AuditTrailProps<Entry>) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  return (
    <>
      <h3>{words.auditTrail}</h3>
      <ol className="trail">
        {entries.map((entry) => (
          <li key={`${entry.at} ${entry.eventType}`} title={words.correlation(entry.correlationId)}>
            <At time={entry.at} />
            <div>
              <p>
                <strong>{shared.event(entry.eventType)}</strong> {became(entry)}
              </p>
              <p className="aside">
                {entry.by ? <a href={linkTo('rider', entry.by)}>{entry.by}</a> : words.bySystem}
                {entry.reason && <q>{entry.reason}</q>}
              </p>
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}
