/** The panel of the instance in the page's address: its properties and its console. */
import { closeConsole, openConsole, resumeConsole } from "./console.js";
import { badge, code, count, el, gibibytes, list, none, time, update } from "./dom.js";
import { attachment, elasticIpLink, groupLink, templateLink } from "./sections.js";

const panel = document.getElementById("instance");
const title = document.getElementById("instance-name");
const facts = document.getElementById("instance-facts");
const pane = document.getElementById("console-pane");

/** `key` is the name or id in the address, `id` the id of the instance once it was found. */
let watched;

/** Shows the instance with this name or id; hides the panel if `key` is undefined. */
export function showInstance(key, instances) {
  panel.hidden = key === undefined;
  if (key !== watched?.key) {
    closeConsole();
    watched = key === undefined ? undefined : { key };
  }
  if (key === undefined) return;
  const instance = instances.find(({ id }) => id === key) ?? instances.find(({ name }) => name === key);
  pane.hidden = (instance?.id ?? watched.id) === undefined;
  if (instance === undefined) {
    // A deleted instance's console stays.
    update(facts, [
      watched.id === undefined ? fact("State", `There is no instance ${key}.`) : fact("State", badge("deleted")),
    ]);
    if (watched.id === undefined) title.textContent = key;
    return;
  }
  title.textContent = instance.name;
  update(facts, factsOf(instance));
  if (instance.id !== watched.id) openConsole(instance.id);
  watched.id = instance.id;
}

/** Stops reading the console while the page is hidden. */
export function pauseInstance() {
  closeConsole();
}

export function resumeInstance() {
  if (watched?.id !== undefined) resumeConsole(watched.id);
}

const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));

/** A fact with several values; no fact if there are none. */
const several = (name, items) => (items.length === 0 ? [] : [fact(name, list(items))]);

const factsOf = (instance) => [
  fact("State", badge(instance.state)),
  fact("Address", instance.address === null ? none() : code(instance.address)),
  fact("Type", `${instance.type}: ${count(instance.cpus, "CPU")}, ${gibibytes(instance.memory)}`),
  fact("Disk", `${instance.diskSize} GiB`),
  fact("Template", templateLink(instance.template)),
  fact("Created", time(instance.createdAt)),
  ...several("Elastic IPs", instance.elasticIps.map(elasticIpLink)),
  ...several("Security groups", instance.securityGroups.map(groupLink)),
  ...several("Private networks", instance.privateNetworks.map(attachment)),
  ...several("Anti-affinity groups", instance.antiAffinityGroups),
  ...several("SSH keys", instance.sshKeys),
  ...several(
    "Labels",
    Object.entries(instance.labels).map(([name, value]) => code(value === "" ? name : `${name}=${value}`)),
  ),
  ...several("Protected", instance.protected ? ["from being deleted"] : []),
  ...several("MAC address", instance.mac === "" ? [] : [code(instance.mac)]),
  fact("Id", code(instance.id)),
];
