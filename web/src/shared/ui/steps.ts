/**
 * The steps of this tab's history. A dialog is a step of its own above its page's, with the same address: Back, also a
 * phone's gesture, closes the dialog and stays on the page. Closed in another way, it takes its step with it.
 * A step whose dialog is gone (after Back, or a reload) cannot be had again: Forward comes back from it at once, and so does
 * not get past it.
 */

/** What is kept with the step of a dialog: how many are open there. A page's own step keeps nothing. */
interface DialogStep {
  dialogs: number;
}

export interface Steps {
  /** Follows the browser; called once, before anybody else listens to `popstate`. */
  follow(): void;
  /** A dialog is open, which `close` closes. Returns what to call when it is closed. */
  open(close: () => void): () => void;
  /** Another address, as a step of its own. */
  push(address: string): void;
  /** Another address for this step, which stays when its dialogs are closed. */
  replace(address: string): void;
  /** Tells of each new address; returns what ends that. */
  listen(notify: () => void): () => void;
}

type Browser = Pick<Window, 'history' | 'location' | 'setTimeout' | 'clearTimeout'> &
  Pick<EventTarget, 'addEventListener' | 'removeEventListener' | 'dispatchEvent'>;

/** A browser need not go where it is asked to, and then says nothing. */
const mostTravelMs = 2_000;
const moved = 'ttareungi:moved';

export function createSteps(browser: () => Browser): Steps {
  /** How each open dialog is closed, the one on top last. */
  const dialogs: (() => void)[] = [];
  /** The browser is asked to go back, which takes it some time; addresses wait for it. */
  let travel: { waiting: (() => void)[]; timer: number } | null = null;
  /** What was replaced on a dialog's step, to be replaced below it, too. */
  let replaced: { from: string; to: string } | null = null;

  const depth = () => (browser().history.state as DialogStep | null)?.dialogs ?? 0;
  const tell = () => browser().dispatchEvent(new Event(moved));

  /** Makes the steps as many as the dialogs are. */
  function settle(): void {
    if (travel) return;
    const { history } = browser();
    while (depth() < dialogs.length) history.pushState({ dialogs: depth() + 1 } satisfies DialogStep, '');
    const surplus = depth() - dialogs.length;
    if (surplus === 0) return;
    const timer = browser().setTimeout(() => {
      // There is nothing below: it is a page's step from now on.
      history.replaceState(null, '');
      arrive();
    }, mostTravelMs);
    travel = { waiting: [], timer };
    history.go(-surplus);
  }

  function arrive(): void {
    const waiting = travel?.waiting ?? [];
    if (travel) browser().clearTimeout(travel.timer);
    travel = null;
    for (const act of waiting) act();
    settleSoon();
  }

  /** One dialog may open as another closes, and a link may close one: the steps follow what is left of it. */
  const settleSoon = () => void browser().setTimeout(settle);

  function popped(): void {
    const { history, location } = browser();
    if (replaced?.from === location.href) history.replaceState(history.state, '', replaced.to);
    if (depth() === 0) replaced = null;
    if (travel) return arrive();
    for (const close of dialogs.splice(depth()).reverse()) close();
    settleSoon();
  }

  /** Now or, on the way back, on arrival. */
  const whenThere = (act: () => void) => (travel ? void travel.waiting.push(act) : act());

  return {
    follow() {
      browser().addEventListener('popstate', popped);
      // A reload keeps the step of a dialog, and not the dialog.
      settle();
    },
    open(close) {
      // A function of its own: two dialogs may be closed by the same one.
      const dialog = () => close();
      dialogs.push(dialog);
      settleSoon();
      return () => {
        const place = dialogs.indexOf(dialog);
        if (place < 0) return;
        dialogs.splice(place, 1);
        settleSoon();
      };
    },
    push: (address) =>
      whenThere(() => {
        const { history } = browser();
        // From a dialog, its step becomes that of the address.
        if (depth() > 0) history.replaceState(null, '', address);
        else history.pushState(null, '', address);
        replaced = null;
        tell();
        settleSoon();
      }),
    replace: (address) =>
      whenThere(() => {
        const { history, location } = browser();
        const from = replaced?.from ?? location.href;
        history.replaceState(history.state, '', address);
        if (depth() > 0) replaced = { from, to: location.href };
        tell();
      }),
    listen(notify) {
      browser().addEventListener('popstate', notify);
      browser().addEventListener(moved, notify);
      return () => {
        browser().removeEventListener('popstate', notify);
        browser().removeEventListener(moved, notify);
      };
    },
  };
}

export const steps = createSteps(() => window);
