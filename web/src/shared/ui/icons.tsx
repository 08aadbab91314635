import './icons.css';
import type { ReactNode } from 'react';
import type { ReserveStatus } from '../../../../schema/client/generated/graphql.ts';

/** Shapes of 16 by 16, drawn in the color and the size of the text around them. */
export function Icon({ filled = false, children }: { filled?: boolean; children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" data-filled={filled}>
      {children}
    </svg>
  );
}

/** Each state has a shape of its own: its color is never the only sign. */
const statusShapes: Record<ReserveStatus, string> = {
  PENDING: 'M3 8h.01M8 8h.01M13 8h.01',
  RESERVED: 'M4 2h8v12l-4-3-4 3z',
  IN_USE: 'M5 3l8 5-8 5z',
  RETURNED: 'M2.5 8.5l3.5 4 7.5-9',
  CANCELLED: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  EXPIRED: 'M4 2h8M4 14h8M5 2c0 4 6 8 6 12M11 2c0 4-6 8-6 12',
  REJECTED: 'M2 8a6 6 0 1 0 12 0A6 6 0 1 0 2 8M5 8h6',
};

const filled: ReadonlySet<ReserveStatus> = new Set(['RESERVED', 'IN_USE']);

export function StatusIcon({ status }: { status: ReserveStatus }) {
  return (
    <Icon filled={filled.has(status)}>
      <path d={statusShapes[status]} strokeWidth={status === 'PENDING' ? 3.4 : undefined} />
    </Icon>
  );
}

export function Wheel() {
  return (
    <svg className="wheel" viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="16" cy="16" r="13" strokeWidth="3.5" />
      <path d="M16 3v26M3 16h26M6.8 6.8l18.4 18.4M25.2 6.8 6.8 25.2" strokeWidth="1.2" />
      <circle cx="16" cy="16" r="3.5" className="hub" />
    </svg>
  );
}

/** A dot in the bike's own color, where it is one that browsers know. */
export function BikeSwatch({ color }: { color: string }) {
  const known = CSS.supports('color', color);
  return <span className="swatch" aria-hidden="true" style={known ? { background: color } : undefined} />;
}
