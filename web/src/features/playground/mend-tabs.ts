/**
 * GraphiQL gives the role `tab` to a list item with two buttons, which a tab must not contain (WCAG 4.1.2). This turns
 * it into what it looks like: a list of buttons, one of them current. Returns the function that stops it.
 */
export function mendTabs(container: HTMLElement): () => void {
  const mend = () => {
    for (const list of container.querySelectorAll('.graphiql-tabs[role]')) list.removeAttribute('role');
    for (const item of container.querySelectorAll('.graphiql-tab[aria-selected]')) {
      item.querySelector('button')?.setAttribute('aria-current', item.getAttribute('aria-selected') ?? 'false');
      item.removeAttribute('aria-selected');
      item.removeAttribute('role');
    }
  };
  mend();
  const observer = new MutationObserver(mend);
  observer.observe(container, { subtree: true, childList: true, attributeFilter: ['aria-selected'] });
  return () => observer.disconnect();
}
