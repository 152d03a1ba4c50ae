/** Tables that follow their data: one `tbody` per item, and only changed cells are replaced. */
import { update } from "./dom.js";

const shown = new WeakMap();

/**
 * Shows these items in a table, in this order. `rowsOf(item)` returns an item's rows. Bodies are identified by the
 * items' ids, so focus, selection and scroll position stay.
 */
export function fill(table, items, { rowsOf, anchorOf }) {
  const isFirst = !shown.has(table);
  shown.set(table, true);
  const labels = [...table.tHead.rows[0].cells].map(({ textContent }) => textContent);
  const present = new Map([...table.tBodies].map((body) => [body.dataset.id, body]));
  const wanted = new Set(items.map(({ id }) => id));
  for (const [id, body] of present) if (!wanted.has(id)) body.remove();
  let next = table.tBodies[0] ?? null;
  for (const item of items) {
    const body = present.get(item.id) ?? document.createElement("tbody");
    const text = JSON.stringify(item);
    if (shown.get(body) !== text) {
      body.dataset.id = item.id;
      if (anchorOf !== undefined) body.id = anchorOf(item);
      body.classList.toggle("pending", item.state === "pending");
      patch(body, rowsOf(item), labels, isFirst ? () => {} : flash);
      shown.set(body, text);
    }
    if (body === next) next = body.nextElementSibling;
    else table.insertBefore(body, next);
  }
}

/** Replaces a body's rows; cells are replaced one by one if the number of rows is the same. */
function patch(body, rows, labels, onReplaced) {
  for (const row of rows) label(row, labels);
  if (body.rows.length !== rows.length) {
    body.replaceChildren(...rows);
    onReplaced(body);
  } else {
    rows.forEach((row, index) => update(body.rows[index], [...row.cells], onReplaced));
  }
}

/** Labels each cell with its column, for narrow screens. Rows below a spanning cell have fewer cells. */
function label(row, labels) {
  const cells = [...row.cells];
  const offset = labels.length - cells.reduce((sum, { colSpan }) => sum + colSpan, 0);
  cells.forEach((cell, index) => (cell.dataset.label = labels[offset + index]));
}

const isStill = matchMedia("(prefers-reduced-motion: reduce)");

function flash(element) {
  if (!isStill.matches)
    element.animate([{ backgroundColor: "var(--flash)" }, {}], { duration: 1500, easing: "ease-out" });
}
