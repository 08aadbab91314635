import { type RefObject, useEffect } from 'react';

/**
 * When a pressed button disappears with its success, the focus moves to what surrounded it, not back to the start of
 * the page. Dialogs are elsewhere in the document and restore the focus themselves.
 */
export function useKeptFocus(container: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const around = container.current;
    if (!around) return;
    /** What had the focus last, and what is around it. */
    let chain: HTMLElement[] = [];
    const remember = ({ target }: FocusEvent) => {
      chain = [];
      for (let each = target instanceof HTMLElement ? target : null; each; each = each.parentElement) {
        chain.push(each);
        if (each === around) break;
      }
    };
    const leave = ({ target, relatedTarget }: FocusEvent) => {
      const isClickBeside =
        relatedTarget === null && target instanceof Node && target.isConnected && document.hasFocus();
      if (isClickBeside) chain = [];
    };
    const mend = () => {
      const [lost] = chain;
      if (!lost || lost.isConnected || (document.activeElement ?? document.body) !== document.body) return;
      const nearest = chain.find((each) => each.isConnected);
      if (nearest && !nearest.hasAttribute('tabindex')) nearest.tabIndex = -1;
      nearest?.focus({ preventScroll: true });
    };
    const removed = new MutationObserver(mend);
    // While a dialog is open, what is behind it is inert and takes no focus.
    removed.observe(document.body, { childList: true, subtree: true, attributeFilter: ['inert'] });
    around.addEventListener('focusin', remember);
    around.addEventListener('focusout', leave);
    return () => {
      removed.disconnect();
      around.removeEventListener('focusin', remember);
      around.removeEventListener('focusout', leave);
    };
  }, [container]);
}
