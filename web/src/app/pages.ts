import { type ComponentType, lazy, type LazyExoticComponent } from 'react';
import type { Area } from '../shared/session/session.ts';
import type { PageName } from './paths.ts';

interface Page {
  /** As whom it is used. */
  area: Area;
  /** Loaded when it is first shown. */
  Content: LazyExoticComponent<ComponentType>;
  /** Whether it is whole for those who are not signed in. */
  isForAll?: true;
}

export const pages: Record<PageName, Page> = {
  dashboard: { area: 'staff', Content: lazy(() => import('../features/dashboard/page.tsx')) },
  ride: { area: 'rider', Content: lazy(() => import('../features/ride/page.tsx')) },
  fleet: { area: 'staff', Content: lazy(() => import('../features/fleet/page.tsx')) },
  developers: { area: 'rider', Content: lazy(() => import('../features/developers/page.tsx')), isForAll: true },
};
