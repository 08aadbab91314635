import './code-sheet.css';
import { linkToRide } from '../../app/links.ts';
import { useSessionState } from '../../shared/session/session-context.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { qrCodeOf } from './qr-code.ts';
import { fleetWords } from './words.ts';

/** The codes of these bikes, to be cut out. */
export default function CodeSheet({ bikeIds }: { bikeIds: readonly number[] }) {
  const words = useWords(fleetWords);
  const { config } = useSessionState();
  const installation = config?.publicUrl ?? location.origin;
  return (
    <>
      <p className="aside code-hint">{words.codesHint}</p>
      <ul className="code-sheet">
        {bikeIds.map((bikeId) => (
          <li key={bikeId}>
            <Code bikeId={bikeId} address={installation + linkToRide(bikeId)} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Code({ bikeId, address }: { bikeId: number; address: string }) {
  const shared = useSharedWords();
  const { size, path } = qrCodeOf(address);
  return (
    <figure className="code">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={address} shapeRendering="crispEdges">
        <rect width={size} height={size} fill="#fff" />
        <path d={path} fill="#000" />
      </svg>
      <figcaption translate="no">
        <span>{shared.name}</span> <strong className="number">{bikeId}</strong>
      </figcaption>
    </figure>
  );
}
