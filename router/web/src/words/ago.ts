interface AgoWords {
  justNow: string;
  second: string;
  minute: string;
  hour: string;
  day: string;
}

/** How long something is past; coarser the older, so that a screen full of times does not flicker. */
export function agoIn(ms: number, words: AgoWords): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 5) return words.justNow;
  if (seconds < 60) return `${Math.floor(seconds / 5) * 5}${words.second}`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}${words.minute}`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}${words.hour}`;
  return `${Math.floor(seconds / 86_400)}${words.day}`;
}
