import './page.css';
import { type ReactNode } from 'react';
import { bikeListPath, gbfsPath, gbfsVersions } from '../../../../schema/open-data-addresses.ts';
import { rideLink } from '../../../../schema/page-addresses.ts';
import { playgroundPath } from '../../app/links.ts';
import { withLanguage } from '../../app/paths.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import type { Config } from '../../shared/session/session.ts';
import { useSessionState } from '../../shared/session/session-context.ts';
import { calls, reserveCall, steps, tokenCall } from './calls.ts';
import { developersWords } from './words.ts';

/** How another app reads what is open, links here, and reserves for a rider who agreed to it. */
export default function DevelopersPage() {
  const words = useWords(developersWords);
  const { config } = useSessionState();
  const base = config?.publicUrl ?? location.origin;
  return (
    <div className="developers">
      <p>{words.intro}</p>
      <OpenData base={base} />
      <Links base={base} hasLinks={config?.publicUrl !== undefined} />
      <Reserving base={base} config={config} />
    </div>
  );
}

function OpenData({ base }: { base: string }) {
  const words = useWords(developersWords);
  const newest = gbfsVersions[0];
  return (
    <section className="card" aria-labelledby="open-data">
      <h2 id="open-data">{words.openData}</h2>
      <p>{coded(words.openDataAbout)}</p>
      <dl>
        {gbfsVersions.map((version) => (
          <Address key={version} name={words.gbfs(version)} base={base} path={gbfsPath(version, 'gbfs')} />
        ))}
        {(['json', 'xml'] as const).map((type) => (
          <Address key={type} name={words.bikeList(type)} base={base} path={bikeListPath(type, 1, 1_000)} />
        ))}
      </dl>
      <p>{coded(words.bikeListAbout)}</p>
      <p>{coded(words.truths)}</p>
      <p>
        {coded(words.licence)} <a href={gbfsPath(newest, 'system_information')}>system_information</a>
      </p>
    </section>
  );
}

/** As others write it; here it leads to this system, whatever that is called. */
function Address({ name, base, path }: { name: string; base: string; path: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <a href={path}>
          {base}
          {path}
        </a>
      </dd>
    </div>
  );
}

function Links({ base, hasLinks }: { base: string; hasLinks: boolean }) {
  const words = useWords(developersWords);
  return (
    <section className="card" aria-labelledby="links">
      <h2 id="links">{words.links}</h2>
      <p>{coded(words.linksAbout)}</p>
      <dl>
        {(['station', 'vehicle'] as const).map((kind) => (
          <div key={kind}>
            <dt>{kind === 'station' ? words.linkToStation : words.linkToVehicle}</dt>
            <dd>
              <code>
                {base}
                {kind === 'station' ? rideLink(kind, 'ST-102') : `${rideLink(kind, '')}<vehicle_id>`}
              </code>
            </dd>
          </div>
        ))}
      </dl>
      {!hasLinks && <p className="aside">{coded(words.noLinks)}</p>}
    </section>
  );
}

function Reserving({ base, config }: { base: string; config: Config | null }) {
  const words = useWords(developersWords);
  const shared = useSharedWords();
  return (
    <section className="card" aria-labelledby="reserving">
      <h2 id="reserving">{words.reserving}</h2>
      <ol>
        <li>
          {words.register}
          {config?.issuer && (
            <dl>
              <Fact name={words.issuer} value={config.issuer} />
              {config.audience && <Fact name={words.audience} value={config.audience} />}
            </dl>
          )}
        </li>
        <li>{words.consent}</li>
        <li>{words.call}</li>
      </ol>
      <Table
        heads={[words.scope, words.allows]}
        rows={Object.entries(words.scopes).map(([scope, allows]) => [<code key={scope}>{scope}</code>, allows])}
      />
      <Table
        heads={[words.step, words.fields]}
        rows={steps.map((step) => [coded(words.steps[step]), <Fields key={step} names={calls[step]} />])}
      />
      <h3>{words.example}</h3>
      <pre>{reserveCall(base)}</pre>
      {config?.devTokens && (
        <>
          <h3>{words.tokenExample}</h3>
          <pre>{tokenCall(base, config.scopes === true)}</pre>
        </>
      )}
      <h3>{words.facts}</h3>
      <ul>
        <li>{coded(words.idempotency)}</li>
        <li>{coded(words.refusals)}</li>
        <li>{coded(words.errors)}</li>
      </ul>
      <p>
        {words.tryIt} <a href={withLanguage(playgroundPath)}>{shared.pageTitles.playground}</a>
      </p>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <code>{value}</code>
      </dd>
    </div>
  );
}

function Table({ heads, rows }: { heads: [string, string]; rows: [ReactNode, ReactNode][] }) {
  return (
    <table>
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([first, second], place) => (
          <tr key={place}>
            <td>{first}</td>
            <td>{second}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Fields({ names }: { names: readonly string[] }) {
  return names.map((name, place) => (
    <span key={name}>
      {place > 0 && ', '}
      <code>{name}</code>
    </span>
  ));
}

/** What stands between ` is code. */
function coded(sentence: string): ReactNode {
  return sentence.split('`').map((part, place) => (place % 2 === 1 ? <code key={place}>{part}</code> : part));
}
