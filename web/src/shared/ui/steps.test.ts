import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createSteps, type Steps } from './steps.ts';

/** A tab whose history goes somewhere a moment after it is asked to, as browsers' do. */
function createTab(address: string) {
  let page = new EventTarget();
  const entries: { state: unknown; href: string }[] = [{ state: null, href: address }];
  const location = { href: address };
  let at = 0;
  let goes = true;
  const here = () => entries[at] ?? { state: null, href: '' };
  const arriveAt = (place: number) => {
    if (!goes || !entries[place]) return;
    at = place;
    location.href = here().href;
    page.dispatchEvent(new Event('popstate'));
  };
  const history = {
    get state() {
      return here().state;
    },
    pushState(state: unknown, _title: string, href = location.href) {
      entries.splice(++at, entries.length, { state, href });
      location.href = href;
    },
    replaceState(state: unknown, _title: string, href = location.href) {
      entries[at] = { state, href };
      location.href = href;
    },
    go: (by: number) => void setTimeout(() => arriveAt(at + by), 5),
  };
  const browser = {
    ...{ history, location },
    setTimeout: (act: () => void, ms?: number) => setTimeout(act, ms),
    clearTimeout: (timer: number) => clearTimeout(timer),
    addEventListener: (name: string, notify: () => void) => page.addEventListener(name, notify),
    dispatchEvent: (event: Event) => page.dispatchEvent(event),
  } as unknown as Window;
  return {
    browser,
    back: () => arriveAt(at - 1),
    forward: () => arriveAt(at + 1),
    /** Its history stays; who listened is gone. */
    reload: () => (page = new EventTarget()),
    refuseToGo: () => (goes = false),
    /** The addresses on the way back from here, a dialog's marked. */
    way: () => entries.slice(0, at + 1).map(({ state, href }) => (state ? `${href} (dialog)` : href)),
  };
}

const aMoment = (ms = 30) => jest.advanceTimersByTime(ms);

describe('the steps of a tab', () => {
  let tab: ReturnType<typeof createTab>;
  let steps: Steps;
  let closed: string[];
  /** A dialog that is gone as soon as it is closed, as the components are. */
  function open(name: string): () => void {
    const leave = steps.open(() => {
      closed.push(name);
      leave();
    });
    return leave;
  }
  beforeAll(() => void jest.useFakeTimers());
  afterAll(() => void jest.useRealTimers());
  beforeEach(() => {
    tab = createTab('/ride');
    steps = createSteps(() => tab.browser);
    steps.follow();
    steps.push('/fleet');
    closed = [];
  });

  it('have one for a dialog, which Back closes', () => {
    open('buy');
    aMoment();
    expect(tab.way()).toEqual(['/ride', '/fleet', '/fleet (dialog)']);
    tab.back();
    aMoment();
    expect([tab.way(), closed]).toEqual([['/ride', '/fleet'], ['buy']]);
  });

  it('lose it when the dialog is closed otherwise', () => {
    const leave = open('buy');
    aMoment();
    leave();
    aMoment();
    expect([tab.way(), closed]).toEqual([['/ride', '/fleet'], []]);
  });

  it('keep it when one dialog opens as another closes, or one closes and is open again at once', () => {
    const leave = open('first');
    aMoment();
    leave();
    const again = open('second');
    aMoment();
    expect(tab.way()).toEqual(['/ride', '/fleet', '/fleet (dialog)']);
    again();
    // The browser is on its way back.
    aMoment(2);
    open('third');
    aMoment();
    expect([tab.way(), closed]).toEqual([['/ride', '/fleet', '/fleet (dialog)'], []]);
  });

  it('close the dialog on top first, and all of them when somebody goes further back', () => {
    open('below');
    open('on top');
    aMoment();
    tab.back();
    aMoment();
    expect(closed).toEqual(['on top']);
    open('again');
    aMoment();
    tab.browser.history.go(-3);
    aMoment();
    expect([tab.way(), closed]).toEqual([['/ride'], ['on top', 'again', 'below']]);
  });

  it('become those of the address where a dialog leads', () => {
    const leave = open('search');
    aMoment();
    leave();
    steps.push('/fleet?bike=7');
    aMoment();
    expect(tab.way()).toEqual(['/ride', '/fleet', '/fleet?bike=7']);
  });

  it('wait for the way back before they go on', () => {
    const leave = open('buy');
    aMoment();
    leave();
    aMoment(2);
    steps.push('/');
    aMoment();
    expect(tab.way()).toEqual(['/ride', '/fleet', '/']);
  });

  it('keep an address that was replaced while dialogs were open', () => {
    open('below');
    const leave = open('on top');
    aMoment();
    steps.replace('/fleet?tab=bikes');
    leave();
    aMoment();
    expect(tab.way()).toEqual(['/ride', '/fleet', '/fleet?tab=bikes (dialog)']);
    tab.back();
    expect(tab.way()).toEqual(['/ride', '/fleet?tab=bikes']);
  });

  it('leave out one whose dialog is not there: after a reload, and on the way forward', () => {
    open('buy');
    aMoment();
    tab.reload();
    createSteps(() => tab.browser).follow();
    aMoment();
    expect(tab.way()).toEqual(['/ride', '/fleet']);
    tab.forward();
    aMoment();
    expect(tab.way()).toEqual(['/ride', '/fleet']);
  });

  it('go on where the browser does not go back', () => {
    const leave = open('buy');
    aMoment();
    tab.refuseToGo();
    leave();
    aMoment(2);
    steps.push('/');
    aMoment(2_200);
    expect(tab.way()).toEqual(['/ride', '/fleet', '/fleet', '/']);
  });
});
