/**
 * The few things that the parts do to the document. Everything here writes only what changed: at five updates a second
 * an unconditional write would lay the page out anew each time, and lose the selection and the focus of who uses it.
 */

type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** An element with attributes (`true`: present, `false` and `null`: absent) and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) attr(made, name, value);
  made.append(...children);
  return made;
}

/** Sets an attribute if it differs. */
export function attr(element: Element, name: string, value: string | number | boolean | null): void {
  if (value === null || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const wanted = value === true ? '' : String(value);
  if (element.getAttribute(name) !== wanted) element.setAttribute(name, wanted);
}

/** Makes the text of an element, which has no other children, say `words`. */
export function say(element: Element, words: string): void {
  const first = element.firstChild;
  if (first instanceof Text) {
    if (first.data !== words) first.data = words;
  } else if (words !== '') {
    element.append(words);
  }
}

/** Sets a custom property if it differs; styles from script are the CSSOM's, which the policy allows. */
export function vary(element: HTMLElement, name: `--${string}`, value: string): void {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}

/** The element of that id, which index.html has; throws when it is another kind or not there. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`);
  return found;
}

/** Something that stands in the document at `root`. */
interface View {
  readonly root: Element;
}

/**
 * Keeps the views of `parent`, one per key, in the order of `keys`, after its first `fixed` children: those of new keys
 * are made, those of gone keys are removed, the others are moved only if they stand elsewhere.
 */
export function keyed<V extends View>(
  parent: Element,
  views: Map<string, V>,
  keys: readonly string[],
  make: (key: string) => V,
  fixed = 0,
): void {
  const wanted = new Set(keys);
  for (const [key, view] of views) {
    if (wanted.has(key)) continue;
    view.root.remove();
    views.delete(key);
  }
  let place = parent.children[fixed] ?? null;
  for (const key of keys) {
    let view = views.get(key);
    if (view === undefined) {
      view = make(key);
      views.set(key, view);
    }
    if (view.root === place) place = place.nextElementSibling;
    else parent.insertBefore(view.root, place);
  }
}

/** A text that only screen readers say. */
export function unseen(words: string): HTMLSpanElement {
  return el('span', { class: 'unseen' }, words);
}

/** Whether something of the page that takes typing has the focus. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=radio]):not([type=checkbox]), select, textarea'))
  );
}
