/** The console pane: follows one instance's console, and keeps its end in view unless the reader has scrolled up. */
import { Ansi } from "./ansi.js";
import { el } from "./dom.js";

/** Characters kept; the oldest are dropped first. */
const KEPT = 2 ** 20;
/** Distance from the end, in pixels, that still counts as the end. */
const NEAR = 24;

const pane = document.getElementById("console");
const output = document.getElementById("console-text");
const state = document.getElementById("console-state");
const end = document.getElementById("console-end");

let source;
let ansi = new Ansi();
let isFollowing = true;

/** Follows the console of the instance with this id, with its end in view. */
export function openConsole(id) {
  begin("");
  isFollowing = true;
  resumeConsole(id);
}

/** The same, but keeps the reader's position. */
export function resumeConsole(id) {
  closeConsole();
  say("waiting", "connecting");
  source = new EventSource(`/live/console/${id}`);
  on("begin", (log) => {
    begin(log);
    say("live");
  });
  on("text", write);
  on("trouble", (message) => say("trouble", `Nothing to read: ${message}`));
  on("end", finish);
  source.onerror = ({ target }) => {
    if (target.readyState === EventSource.CLOSED)
      finish(); // refused: the instance does not exist
    else say("waiting", "The zone does not answer. Trying again.");
  };
}

export function closeConsole() {
  source?.close();
  source = undefined;
}

function finish() {
  closeConsole();
  say("ended", "The instance is no more.");
}

const on = (event, act) => source.addEventListener(event, ({ data }) => act(JSON.parse(data)));

function begin(log) {
  const { scrollTop } = pane;
  ansi = new Ansi();
  output.replaceChildren();
  write(log);
  if (!isFollowing) pane.scrollTop = scrollTop;
}

function write(text) {
  const runs = ansi.read(text).map(({ text, look }) => (look === "" ? text : el("span", { class: look }, text)));
  if (runs.length > 0) output.append(el("span", {}, runs));
  let length = output.textContent.length;
  while (length > KEPT && output.childElementCount > 1) {
    length -= output.firstChild.textContent.length;
    output.firstChild.remove();
  }
  pane.classList.toggle("silent", length === 0);
  if (isFollowing) pane.scrollTop = pane.scrollHeight;
}

function say(what, text = what) {
  state.dataset.state = what;
  state.textContent = text;
}

pane.addEventListener("scroll", () => {
  isFollowing = pane.scrollHeight - pane.scrollTop - pane.clientHeight < NEAR;
  end.hidden = isFollowing;
});

end.addEventListener("click", () => {
  pane.scrollTop = pane.scrollHeight;
  pane.focus();
});
