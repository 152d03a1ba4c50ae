/** Small makers of elements. Texts are always text nodes: nothing that the zone says is read as HTML. */

/** An element with attributes and children; attributes and children that are undefined are left out. */
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

/** Items below each other, or a dash where there are none. */
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

/** A moment: the time of day, with the date if it is not today's. */
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

/** Makes these the children of `parent`; those that are as before stay, so that focus and selection do. */
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
