/** Follows the zone and keeps the page up to date. */
import { pauseInstance, resumeInstance, showInstance } from "./instance.js";
import { sections } from "./sections.js";
import { fill } from "./table.js";

const byId = (id) => document.getElementById(id);

let instances;
let zone = "Local zone";
let source;

function connect() {
  source = new EventSource("/live");
  source.onopen = () => say("live");
  source.onerror = () => say("waiting", "The zone does not answer: start it with bin/zone up. Trying again.");
  source.addEventListener("zone", ({ data }) => showZone(JSON.parse(data)));
  for (const name of Object.keys(sections)) {
    source.addEventListener(name, ({ data }) => showSection(name, JSON.parse(data)));
  }
}

function say(state, text = state) {
  const connection = byId("connection");
  connection.dataset.state = state;
  connection.textContent = text;
}

function showZone({ name, url }) {
  zone = `Zone ${name}`;
  byId("zone").textContent = zone;
  byId("url").textContent = url;
  for (const element of document.querySelectorAll(".here")) element.textContent = url;
  route();
}

function showSection(name, items) {
  const { place, caption, ...look } = sections[name];
  const section = byId(place);
  const table = section.querySelector("table");
  fill(table, items, look);
  table.hidden = items.length === 0;
  section.querySelector(".empty").hidden = items.length > 0;
  table.caption.textContent = items.length === 0 ? "" : caption(items);
  document.querySelector(`[data-count="${name}"]`).textContent = items.length;
  if (name === "instances") {
    instances = items;
    route();
  }
  if (name === "operations") goToTarget();
}

/** Shows the instance in the address, `#instance/NAME`; other addresses are anchors on the page. */
function route() {
  if (instances === undefined) return; // not received yet
  const key = instanceInAddress();
  showInstance(key, instances);
  document.title = key === undefined ? zone : `${key} – ${zone}`;
}

function instanceInAddress() {
  const encoded = /^#instance\/(.+)$/.exec(location.hash)?.[1];
  try {
    return encoded && decodeURIComponent(encoded);
  } catch {
    return encoded; // invalid encoding: no instance has that name
  }
}

/** Scrolls to the address's anchor once all sections have arrived: the browser tried before the anchor existed. */
let goToTarget = () => {
  goToTarget = () => {};
  if (instanceInAddress() !== undefined) goToInstance();
  else if (location.hash !== "") location.replace(location.href);
};

function goToInstance() {
  byId("instance").scrollIntoView();
  byId("instance-name").focus({ preventScroll: true });
}

addEventListener("hashchange", () => {
  route();
  if (instanceInAddress() !== undefined) goToInstance();
});

// Browsers limit connections per server, so hidden tabs close theirs.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source.close();
    pauseInstance();
    return;
  }
  connect();
  resumeInstance();
});

connect();
