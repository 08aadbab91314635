import './services.css';
import type { ServicesQuery } from '../../../../schema/client/generated/graphql.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
import { At } from './at.tsx';
import { fleetWords } from './words.ts';

/** How the services behind the graph are: the first question when something hangs. */
export function Services({ services }: { services: ServicesQuery['services'] }) {
  const words = useWords(fleetWords);
  return (
    <section className="card services" aria-labelledby="services-title">
      <h2 id="services-title">{words.services}</h2>
      <div className="scroll" tabIndex={0} role="region" aria-labelledby="services-title">
        <table className="report">
          <thead>
            <tr>
              <th scope="col">{words.service}</th>
              <th scope="col">{words.serviceState}</th>
              <th scope="col">{words.pendingEvents}</th>
              <th scope="col">{words.unpublished}</th>
              <th scope="col">{words.parkedEvents}</th>
              <th scope="col">{words.upSince}</th>
            </tr>
          </thead>
          <tbody>
            {services.map((service) => (
              <tr key={service.name}>
                <th scope="row">{service.name}</th>
                <td>
                  <span className="pill" data-tone={service.status === 'UP' ? 'good' : 'bad'}>
                    {words.serviceStatus[service.status]}
                  </span>{' '}
                  {service.problem && <span className="aside">{service.problem}</span>}
                </td>
                <Count value={service.pendingEvents} />
                <Count value={service.unpublishedDecisions} />
                <Count value={service.parkedEvents} />
                <td>{service.startedAt ? <At time={service.startedAt} /> : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <RefusedDecisions services={services} />
    </section>
  );
}

/** Refused decisions: no other service hears of them until an operator finds out why. */
function RefusedDecisions({ services }: { services: ServicesQuery['services'] }) {
  const words = useWords(fleetWords);
  const refused = services.flatMap(({ name, refusedDecisions }) =>
    (refusedDecisions ?? []).map((decision) => ({ service: name, ...decision })),
  );
  if (refused.length === 0) return null;
  return (
    <>
      <h3 id="refused-decisions-title">{words.refusedDecisions}</h3>
      <p className="aside">{words.refusedDecisionsHint}</p>
      <ul aria-labelledby="refused-decisions-title">
        {refused.map(({ service, id, because, times, since }) => (
          <li key={`${service} ${id}`}>
            <span className="pill" data-tone="bad">
              {service}
            </span>{' '}
            <code translate="no">{id}</code> · <At time={since} /> · {words.tried(times)} · {because}
          </li>
        ))}
      </ul>
    </>
  );
}

function Count({ value }: { value: number | string | null | undefined }) {
  return <td className="number">{value === null || value === undefined ? '–' : formatCount(value)}</td>;
}
