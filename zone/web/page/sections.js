/** Each section's table: its rows, caption and anchors. */
import { badge, code, count, el, gibibytes, hash, link, list, none, time } from "./dom.js";

const head = (...children) => el("th", { scope: "row" }, ...children);
const cell = (...children) => el("td", {}, ...children);
const row = (...cells) => el("tr", {}, ...cells);
const optional = (text) => (text === undefined || text === null || text === "" ? none() : text);

const instanceLink = ({ name }) => link(hash("instance", name), name);
export const groupLink = ({ name }) => link(hash("security-group", name), name);
export const elasticIpLink = ({ address }) => link(hash("elastic-ip", address), code(address));
const networkLink = ({ id, name }) => link(hash("private-network", id), name);
export const templateLink = ({ id, name }) => (name === undefined ? code(id) : link(hash("template", id), name));

const anchor = (kind, key) => (item) => hash(kind, item[key]).slice(1);

export const sections = {
  instances: {
    place: "instances",
    caption: (instances) => statesOf(instances, "instance"),
    rowsOf: (instance) => [
      row(
        head(instanceLink(instance)),
        cell(badge(instance.state)),
        cell(instance.address === null ? none() : code(instance.address)),
        cell(instance.type),
        cell(list(instance.elasticIps.map(elasticIpLink))),
        cell(list(instance.securityGroups.map(groupLink))),
        cell(list(instance.privateNetworks.map(attachment))),
        cell(el("a", { href: hash("instance", instance.id), "aria-label": `Console of ${instance.name}` }, "Console")),
      ),
    ],
  },

  securityGroups: {
    place: "security-groups",
    caption: (groups) =>
      `${count(groups.length, "group")} with ${count(
        groups.reduce((sum, { rules }) => sum + rules.length, 0),
        "rule",
      )}`,
    anchorOf: anchor("security-group", "name"),
    rowsOf: (group) => {
      const name = el(
        "th",
        { scope: "rowgroup", rowspan: Math.max(1, group.rules.length) },
        group.name,
        el("small", {}, count(group.members, "instance")),
        group.description ? el("small", {}, group.description) : undefined,
        group.externalSources?.length > 0 ? el("small", {}, "and ", group.externalSources.join(", ")) : undefined,
      );
      if (group.rules.length === 0)
        return [
          row(name, el("td", { colspan: 5, class: "none" }, "No rules: nothing is let in, everything is let out.")),
        ];
      return group.rules.map((rule, index) => row(...(index === 0 ? [name] : []), ...ruleCells(rule)));
    },
  },

  elasticIps: {
    place: "elastic-ips",
    caption: (elasticIps) =>
      `${count(elasticIps.length, "address", "addresses")}, ${elasticIps.filter(({ healthcheck }) => healthcheck).length} with a health check`,
    anchorOf: anchor("elastic-ip", "address"),
    rowsOf: ({ address, description, healthcheck, holders }) => [
      row(
        head(code(address)),
        cell(
          list(holders.map(holder)),
          holders.length > 0 && holders.every(({ healthy, state }) => healthy === false || state !== "running")
            ? el("small", { class: "warning" }, "Nobody answers at this address.")
            : undefined,
        ),
        cell(
          healthcheck === undefined
            ? none()
            : [
                el("code", { class: "long" }, healthcheck.probe),
                el(
                  "small",
                  {},
                  `every ${healthcheck.interval} s, timeout ${healthcheck.timeout} s, strikes ${healthcheck.strikesOk} ok, ${healthcheck.strikesFail} fail`,
                ),
              ],
        ),
        cell(optional(description)),
      ),
    ],
  },

  privateNetworks: {
    place: "private-networks",
    caption: (networks) => count(networks.length, "network"),
    anchorOf: anchor("private-network", "id"),
    rowsOf: ({ name, description, range, members }) => [
      row(
        head(name),
        cell(range === undefined ? "none: guests choose their addresses" : range),
        cell(list(members.map((member) => withAddress(instanceLink(member), member.ip)))),
        cell(optional(description)),
      ),
    ],
  },

  templates: {
    place: "templates",
    caption: (templates) => count(templates.length, "template"),
    anchorOf: anchor("template", "id"),
    rowsOf: ({ name, description, size, imported, createdAt }) => [
      row(
        head(name),
        cell(imported ? gibibytes(size) : badge("pending", "being imported")),
        cell(time(createdAt)),
        cell(optional(description)),
      ),
    ],
  },

  operations: {
    place: "operations",
    caption: (operations) => statesOf(operations, "operation", ", newest first"),
    rowsOf: ({ command, state, about, createdAt, reason, message }) => [
      row(
        head(command),
        cell(badge(state)),
        cell(about === undefined ? none() : subject(about)),
        cell(time(createdAt)),
        cell(message === undefined && reason === undefined ? none() : [reason, message].filter(Boolean).join(": ")),
      ),
    ],
  },
};

/** e.g. `3 instances: 2 running, 1 stopped`. */
function statesOf(items, thing, order = "") {
  const states = new Map();
  for (const { state } of items) states.set(state, (states.get(state) ?? 0) + 1);
  return `${count(items.length, thing)}${order}: ${[...states].map(([state, number]) => `${number} ${state}`).join(", ")}`;
}

const ruleCells = ({ direction, protocol, what, network, group, description }) => [
  cell(direction),
  cell(protocol),
  cell(optional(what)),
  cell(
    group === undefined
      ? network === undefined
        ? "anybody"
        : code(network)
      : group.known
        ? groupLink(group)
        : group.name,
  ),
  cell(optional(description)),
];

function holder({ id, name, state, healthy }) {
  const says =
    state !== "running" ? badge(state) : healthy === undefined ? undefined : badge(healthy ? "healthy" : "unhealthy");
  return says === undefined ? instanceLink({ id, name }) : el("span", {}, instanceLink({ id, name }), " ", says);
}

const withAddress = (what, ip) => (ip === undefined ? what : el("span", {}, what, " ", code(ip)));

export const attachment = (network) => withAddress(networkLink(network), network.ip);

function subject({ type, id, name }) {
  if (name === undefined) return el("span", { title: id }, `${type} ${id.slice(0, 8)}`);
  switch (type) {
    case "instance":
      return instanceLink({ id, name });
    case "security-group":
      return groupLink({ name });
    case "elastic-ip":
      return elasticIpLink({ address: name });
    case "private-network":
      return networkLink({ id, name });
    case "template":
      return templateLink({ id, name });
    default:
      return name;
  }
}
