/** Creates elements. Texts are always text nodes: nothing from the zone is parsed as HTML. */

/** Creates an element; attributes and children that are undefined are left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== undefined));
  return element;
}

export const link = (href, text) => el("a", { href }, text);

/** A state as a word with a colour and a dot before it. */
export const badge = (state, text = state) => el("span", { class: "badge", "data-state": state }, text);

export const code = (text) => el("code", {}, text);

/** A list of items, or a dash if there are none. */
export const list = (items) =>
  items.length === 0
    ? none()
    : el(
        "ul",
        {},
        items.map((item) => el("li", {}, item)),
      );

export const none = () => el("span", { class: "none" }, "–");

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** A time of day, with the date unless it is today's. */
export function time(iso) {
  const date = new Date(iso);
  const isToday = DAY.format(date) === DAY.format(new Date());
  return el("time", { datetime: iso }, isToday ? TIME.format(date) : `${DAY.format(date)}, ${TIME.format(date)}`);
}

export const gibibytes = (bytes) => `${Math.round((bytes / 2 ** 30) * 10) / 10} GiB`;

/** e.g. `1 instance`, `2 instances`. */
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** A resource's address on this page: `#instance/NAME`. */
export const hash = (kind, key) => `#${kind}/${encodeURIComponent(key)}`;

/** Replaces the children of `parent` that have changed; the others stay, and with them focus and selection. */
export function update(parent, children, onReplaced = () => {}) {
  const old = [...parent.children];
  if (old.length !== children.length) {
    parent.replaceChildren(...children);
    onReplaced(parent);
    return;
  }
  children.forEach((child, index) => {
    if (old[index].isEqualNode(child)) return;
    old[index].replaceWith(child);
    onReplaced(child);
  });
}
