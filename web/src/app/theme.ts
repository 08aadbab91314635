import { useState } from 'react';
import { deviceMemory } from '../shared/api/memory.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const storageKey = 'ttareungi.theme';

export function rememberedTheme(): Theme {
  const remembered = deviceMemory.get(storageKey);
  return themes.find((theme) => theme === remembered) ?? 'system';
}

/** Every color is a light-dark() pair: this choice picks one of the two; without a choice the device does. */
export function applyTheme(theme: Theme = rememberedTheme()): void {
  document.documentElement.style.colorScheme = theme === 'system' ? '' : theme;
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(rememberedTheme);
  return [
    theme,
    (next) => {
      deviceMemory.set(storageKey, next);
      applyTheme(next);
      setTheme(next);
    },
  ];
}
