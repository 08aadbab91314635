import { useEffect, useState } from 'react';
import { tabMemory } from '../../shared/api/memory.ts';
import { useSharedWords } from '../../shared/i18n/speech.tsx';

const toldKey = 'ttareungi.notified';

/** What a browser allows; `none` where it has no notifications. */
type Permission = NotificationPermission | 'none';

interface Notifications {
  state: Permission;
  /** Asks the person, by the browser's own question. */
  ask(): void;
  /** They were asked here, and may have said no. */
  asked: boolean;
}

/**
 * Sends a notification with this text, once for each occasion, if the person has allowed it.
 *
 * @param text null: nothing to tell.
 */
export function useNotifications(occasion: string, text: string | null): Notifications {
  const { name } = useSharedWords();
  const [state, setState] = useState<Permission>(() => ('Notification' in window ? Notification.permission : 'none'));
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (state !== 'granted' || text === null || tabMemory.get(toldKey) === occasion) return;
    tabMemory.set(toldKey, occasion);
    void notify(name, { body: text, tag: occasion });
  }, [state, occasion, text, name]);
  return {
    state,
    asked,
    ask() {
      setAsked(true);
      void Notification.requestPermission().then(setState);
    },
  };
}

/** Phones show notifications of installed pages only, by their service worker; others take them from the page. */
async function notify(title: string, options: NotificationOptions): Promise<void> {
  try {
    // Browsers have none on pages that they do not trust.
    const registration = 'serviceWorker' in navigator ? await navigator.serviceWorker.getRegistration() : undefined;
    if (registration) await registration.showNotification(title, options);
    else new Notification(title, options);
  } catch {
    // A phone without an installed page: what the page itself shows must do.
  }
}
