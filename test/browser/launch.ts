import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium, or the one that CHROMIUM names. */
export const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export const isChromiumInstalled = existsSync(chromiumPath);

/** A name of this machine that browsers do not trust as they trust localhost. */
export const anotherName = 'bikes.example';

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-smooth-scrolling',
      `--host-resolver-rules=MAP ${anotherName} 127.0.0.1`,
    ],
  });
}
