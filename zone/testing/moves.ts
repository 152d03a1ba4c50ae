/** Calls that a client may make of a zone, good ones and bad ones, each with what should come of it. */
import { typeByName } from "../families/instance-types.ts";
import type { Client, Json } from "./client.ts";
import { saying, type Model, type ModelInstance } from "./model.ts";
import type { Random } from "./random.ts";

export interface Move {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  /** Statuses of every reason to refuse it; without one it has to succeed. */
  readonly refusals: readonly number[];
  /** Makes the model follow; `id` is the operation's reference. */
  done(id: string, client: Client): void | Promise<void>;
}

type Maker = (model: Model, random: Random) => Move;
/** A status where the condition holds. */
type Refusal = readonly [when: boolean, status: number];

const move = (
  method: string,
  path: string,
  body: object | undefined,
  refusals: readonly Refusal[],
  done: Move["done"],
): Move => ({ method, path, body, refusals: refusals.filter(([when]) => when).map(([, status]) => status), done });

/** Most of each, small enough to be met. */
export const QUOTAS = {
  instance: 9,
  "elastic-ip": 3,
  "security-group": 5,
  "anti-affinity-group": 3,
  "private-network": 3,
  "ssh-key": 3,
  template: 3,
};

const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEOxgQzPXo+s3xiuLmNPcpoiPVNFdMqMjkeBSNqnfaqZ";
const NAMES = ["a", "b", "c", "d", "e", "f"];
const UNKNOWN = "00000000-0000-0000-0000-000000000000";

const typeId = (name: string): string => typeByName(name)!.id;
const [SMALL, LARGE, OTHER_FAMILY] = [typeId("standard.small"), typeId("standard.large"), typeId("cpu.huge")];

/** The id of one that is there, mostly; else of one that was, or never was. */
function some(of: ReadonlyMap<string, unknown>, { gone }: Model, random: Random): string {
  const known = of.size > 0 && random.chance(0.9);
  return known ? random.pick([...of.keys()]) : random.pick([UNKNOWN, ...gone.slice(-5)]);
}

const labels = (random: Random): Record<string, string> => (random.chance(0.5) ? {} : { role: random.pick(NAMES) });

interface Verb {
  /** Whether the instance has to run for it; default: that does not matter. */
  readonly running?: boolean;
  body?(random: Random): object;
  done(one: ModelInstance, body: Json): void;
  /** What else may be wrong; `one` is missing where the instance is. */
  refusals?(model: Model, one: ModelInstance | undefined, body: Json): readonly Refusal[];
}

const verb =
  (name: string, { running, body, done, refusals = () => [] }: Verb): Maker =>
  (model, random) => {
    const id = some(model.instances, model, random);
    const one = model.instances.get(id);
    const content = body?.(random);
    return move(
      "PUT",
      `/instance/${id}:${name}`,
      content,
      [
        [one === undefined, 404],
        [running !== undefined && one !== undefined && one.running !== running, 409],
        ...refusals(model, one, content),
      ],
      () => done(one!, content),
    );
  };

/** Attaches an instance to a thing or detaches it: `held` is the instance's own list of such things. */
const attachment =
  (
    path: string,
    of: (model: Model) => ReadonlyMap<string, unknown>,
    held: (one: ModelInstance) => Set<string>,
    way: "attach" | "detach",
  ): Maker =>
  (model, random) => {
    const [id, instance] = [some(of(model), model, random), some(model.instances, model, random)];
    const one = model.instances.get(instance);
    return move(
      "PUT",
      `/${path}/${id}:${way}`,
      { instance: { id: instance } },
      [
        [!of(model).has(id), 404],
        [one === undefined, 404],
        [one !== undefined && held(one).has(id) === (way === "attach"), 409],
      ],
      () => void (way === "attach" ? held(one!).add(id) : held(one!).delete(id)),
    );
  };

const removal =
  (
    path: string,
    of: (model: Model) => Map<string, unknown>,
    inUse: (model: Model, id: string) => boolean,
    status = 409,
  ): Maker =>
  (model, random) => {
    const id = some(of(model), model, random);
    return move(
      "DELETE",
      `/${path}/${id}`,
      undefined,
      [
        [!of(model).has(id), 404],
        [inUse(model, id), status],
      ],
      () => {
        of(model).delete(id);
        model.gone.push(id);
      },
    );
  };

const instanceMoves: readonly Maker[] = [
  (model, random) => {
    const type = typeByName(
      random.pick(["standard.small", "standard.medium", "standard.medium", "standard.colossus"]),
    )!;
    const template = some(model.templates, model, random);
    const groups = random.chance(0.5) ? [] : [some(model.groups, model, random)];
    const affinities = random.chance(0.4) ? [] : [some(model.antiAffinity, model, random)];
    const keys = random.chance(0.7) ? [] : [random.pick(NAMES)];
    const [disk, userData] = [
      random.chance(0.1) ? 9 : random.int(10, 20),
      random.chance(0.1) ? "#" : random.pick([undefined, "QQ=="]),
    ];
    const own = { running: random.chance(0.7), labels: labels(random), name: random.pick(NAMES) };
    const full = affinities.some((id) => model.instancesWith((one) => one.antiAffinity.includes(id)).length >= 8);
    return move(
      "POST",
      "/instance",
      {
        name: own.name,
        labels: own.labels,
        "auto-start": own.running,
        "disk-size": disk,
        "user-data": userData,
        "instance-type": { id: type.id },
        template: { id: template },
        "ssh-keys": keys.map((name) => ({ name })),
        "security-groups": groups.map((id) => ({ id })),
        "anti-affinity-groups": affinities.map((id) => ({ id })),
      },
      [
        [model.instances.size >= QUOTAS.instance, 403],
        [!type.authorized, 403],
        [!model.templates.has(template), 404],
        [groups.some((id) => !model.groups.has(id)), 404],
        [affinities.some((id) => !model.antiAffinity.has(id)), 404],
        [full, 409],
        [keys.some((key) => !model.keys.has(key)), 404],
        [disk < 10, 400],
        [userData === "#", 400],
      ],
      async (id, client) => {
        const fallback = [...model.groups].find(([, { name }]) => name === "default")![0];
        const { "public-ip": address } = await client.get(`/instance/${id}`);
        model.instances.set(id, {
          ...own,
          userData,
          disk,
          size: type.size,
          template,
          keys,
          antiAffinity: affinities,
          groups: new Set(groups.length > 0 ? groups : [fallback]),
          elasticIps: new Set(),
          networks: new Map(),
          protected: false,
          address,
        });
      },
    );
  },
  (model, random) => {
    const id = some(model.instances, model, random);
    const body = random.pick([
      { name: random.pick(NAMES) },
      { labels: labels(random) },
      { "user-data": "Qg==" },
      { "user-data": "?" },
    ]) as Json;
    return move(
      "PUT",
      `/instance/${id}`,
      body,
      [
        [!model.instances.has(id), 404],
        [body["user-data"] === "?", 400],
      ],
      () => {
        const { "user-data": userData, ...rest } = body;
        Object.assign(model.instances.get(id)!, rest, userData === undefined ? {} : { userData });
      },
    );
  },
  verb("start", { running: false, body: () => ({}), done: (one) => void (one.running = true) }),
  verb("stop", { running: true, done: (one) => void (one.running = false) }),
  verb("reboot", { running: true, done: () => {} }),
  verb("reset", {
    body: () => ({}),
    done: () => {},
    refusals: ({ templates }, one) => [[one !== undefined && !templates.has(one.template), 404]],
  }),
  verb("add-protection", { done: (one) => void (one.protected = true) }),
  verb("remove-protection", { done: (one) => void (one.protected = false) }),
  verb("resize-disk", {
    running: false,
    body: (random) => ({ "disk-size": random.int(8, 30) }),
    done: (one, body) => void (one.disk = body["disk-size"]),
    refusals: (_model, one, body) => [
      [body["disk-size"] < 10 || (one !== undefined && body["disk-size"] <= one.disk), 400],
    ],
  }),
  verb("scale", {
    running: false,
    body: (random) => ({ "instance-type": { id: random.pick([LARGE, SMALL, OTHER_FAMILY]) } }),
    done: (one, body) => void (one.size = body["instance-type"].id === LARGE ? "large" : "small"),
    refusals: (_model, _one, body) => [[body["instance-type"].id === OTHER_FAMILY, 400]],
  }),
  removal(
    "instance",
    ({ instances }) => instances,
    ({ instances }, id) => instances.get(id)?.protected === true,
    403,
  ),
];

const addRule: Maker = (model, random) => {
  const id = some(model.groups, model, random);
  const peer = some(model.groups, model, random);
  const toGroup = random.chance(0.5);
  const [start, end] = [random.int(1, 2), random.int(1, 2)];
  const rule: Readonly<Record<string, unknown>> = {
    "flow-direction": random.pick(["ingress", "egress"]),
    protocol: "tcp",
    "start-port": start,
    "end-port": end,
    ...(toGroup
      ? { "security-group": { id: peer } }
      : { network: random.pick(["10.0.0.0/8", "0.0.0.0/0", "10.0.0.1"]) }),
  };
  return move(
    "POST",
    `/security-group/${id}/rules`,
    rule,
    [
      [!model.groups.has(id), 404],
      [model.groups.get(id)?.rules.has(saying(rule)) === true, 409],
      [end < start, 400],
      [toGroup && !model.groups.has(peer), 404],
      [rule.network === "10.0.0.1", 400],
    ],
    async (_id, client) => {
      const { rules } = await client.get(`/security-group/${id}`);
      model.groups.get(id)!.rules.set(saying(rule), rules.find((each: Json) => saying(each) === saying(rule))?.id);
    },
  );
};

const groupMoves: readonly Maker[] = [
  (model, random) => {
    const name = random.pick(NAMES);
    return move(
      "POST",
      "/security-group",
      { name },
      [
        [[...model.groups.values()].some((group) => group.name === name), 409],
        [model.groups.size >= QUOTAS["security-group"], 403],
      ],
      (id) => void model.groups.set(id, { name, rules: new Map(), sources: new Set() }),
    );
  },
  removal(
    "security-group",
    ({ groups }) => groups,
    (model, id) =>
      model.groups.get(id)?.name === "default" ||
      model.instancesWith((one) => one.groups.has(id)).length > 0 ||
      [...model.groups.values()].some(({ rules }) => [...rules.keys()].some((rule) => rule.includes(id))),
  ),
  ...[addRule, addRule, addRule, addRule],
  (model, random) => {
    const id = some(model.groups, model, random);
    const rules = model.groups.get(id)?.rules ?? new Map<string, string>();
    const [says, rule] = rules.size > 0 && random.chance(0.9) ? random.pick([...rules]) : ["", UNKNOWN];
    return move(
      "DELETE",
      `/security-group/${id}/rules/${rule}`,
      undefined,
      [[!rules.has(says), 404]],
      () => void rules.delete(says),
    );
  },
  ...(["add", "remove"] as const).map((way): Maker => (model, random) => {
    const id = some(model.groups, model, random);
    const cidr = random.pick(["192.0.2.0/24", "198.51.100.0/24", "192.0.2.1"]);
    const sources = model.groups.get(id)?.sources ?? new Set();
    return move(
      "PUT",
      `/security-group/${id}:${way}-source`,
      { cidr },
      [
        [!model.groups.has(id), 404],
        [cidr === "192.0.2.1", way === "add" ? 400 : 404],
        [sources.has(cidr) === (way === "add"), way === "add" ? 409 : 404],
      ],
      () => void (way === "add" ? sources.add(cidr) : sources.delete(cidr)),
    );
  }),
  attachment(
    "security-group",
    ({ groups }) => groups,
    ({ groups }) => groups,
    "attach",
  ),
  attachment(
    "security-group",
    ({ groups }) => groups,
    ({ groups }) => groups,
    "detach",
  ),
  (model, random) => {
    const name = random.pick(NAMES);
    return move(
      "POST",
      "/anti-affinity-group",
      { name },
      [
        [[...model.antiAffinity.values()].some((group) => group.name === name), 409],
        [model.antiAffinity.size >= QUOTAS["anti-affinity-group"], 403],
      ],
      (id) => void model.antiAffinity.set(id, { name }),
    );
  },
  removal(
    "anti-affinity-group",
    ({ antiAffinity }) => antiAffinity,
    (model, id) => model.instancesWith((one) => one.antiAffinity.includes(id)).length > 0,
  ),
];

const CHECKS = [
  undefined,
  { mode: "tcp", port: 22 },
  { mode: "https", port: 443, uri: "/" },
  { mode: "http", port: 80 },
] as const;

const addressMoves: readonly Maker[] = [
  (model, random) => {
    const check = random.pick(CHECKS);
    return move(
      "POST",
      "/elastic-ip",
      { healthcheck: check },
      [
        [model.elasticIps.size >= QUOTAS["elastic-ip"], 403],
        [check?.mode === "http", 400],
      ],
      async (id, client) =>
        void model.elasticIps.set(id, { address: (await client.get(`/elastic-ip/${id}`)).ip, check }),
    );
  },
  (model, random) => {
    const id = some(model.elasticIps, model, random);
    const [check, description] = [random.pick(CHECKS), random.pick([undefined, ...NAMES])];
    return move(
      "PUT",
      `/elastic-ip/${id}`,
      { healthcheck: check, description },
      [
        [!model.elasticIps.has(id), 404],
        [check?.mode === "http", 400],
      ],
      () => {
        Object.assign(model.elasticIps.get(id)!, check && { check }, description && { description });
      },
    );
  },
  (model, random) => {
    const id = some(model.elasticIps, model, random);
    return move("DELETE", `/elastic-ip/${id}/description`, undefined, [[!model.elasticIps.has(id), 404]], () => {
      delete model.elasticIps.get(id)!.description;
    });
  },
  removal(
    "elastic-ip",
    ({ elasticIps }) => elasticIps,
    (model, id) => model.instancesWith((one) => one.elasticIps.has(id)).length > 0,
  ),
  attachment(
    "elastic-ip",
    ({ elasticIps }) => elasticIps,
    ({ elasticIps }) => elasticIps,
    "attach",
  ),
  attachment(
    "elastic-ip",
    ({ elasticIps }) => elasticIps,
    ({ elasticIps }) => elasticIps,
    "detach",
  ),
];

const address = (n: number): string => `10.0.0.${n}`;
const rangeBody = ([first, last]: readonly [number, number]): object => ({
  "start-ip": address(first),
  "end-ip": address(last),
  netmask: "255.255.255.0",
});

const networkMoves: readonly Maker[] = [
  (model, random) => {
    const range = random.chance(0.3) ? undefined : ([random.int(0, 3), random.int(2, 5)] as const);
    const own = { name: random.pick(NAMES), labels: labels(random) };
    return move(
      "POST",
      "/private-network",
      { ...own, ...(range && rangeBody(range)) },
      [
        [model.networks.size >= QUOTAS["private-network"], 403],
        [range !== undefined && (range[0] === 0 || range[0] > range[1]), 400],
      ],
      (id) => void model.networks.set(id, { ...own, range }),
    );
  },
  (model, random) => {
    const id = some(model.networks, model, random);
    const last = random.int(1, 9);
    const network = model.networks.get(id);
    const range = network?.range && ([network.range[0], last] as const);
    const name = random.pick(NAMES);
    return move(
      "PUT",
      `/private-network/${id}`,
      { name, "end-ip": address(last) },
      [
        [network === undefined, 404],
        [network !== undefined && (range === undefined || range[0] > last), 400],
      ],
      () => void Object.assign(network!, { name, range }),
    );
  },
  (model, random) => {
    const id = some(model.networks, model, random);
    return move("DELETE", `/private-network/${id}/labels`, undefined, [[!model.networks.has(id), 404]], () => {
      model.networks.get(id)!.labels = {};
    });
  },
  removal(
    "private-network",
    ({ networks }) => networks,
    (model, id) => model.instancesWith((one) => one.networks.has(id)).length > 0,
  ),
  ...(["attach", "update-ip", "update-ip"] as const).map((way): Maker => (model, random) => {
    const [id, instance] = [some(model.networks, model, random), some(model.instances, model, random)];
    const [network, one] = [model.networks.get(id), model.instances.get(instance)];
    const before = one?.networks.get(id);
    const wanted = random.chance(0.4) ? undefined : random.pick([0, 1, 2, 3, 200, 255, before, before]);
    // Its own address is free for an instance that asks anew.
    if (way === "update-ip" && one?.networks.has(id)) one.networks.set(id, undefined);
    const [free, leased] = network?.range === undefined ? [undefined, []] : [model.freeIn(id), model.leased(id)];
    if (way === "update-ip" && one?.networks.has(id)) one.networks.set(id, before);
    const managed = network?.range !== undefined;
    return move(
      "PUT",
      `/private-network/${id}:${way}`,
      { instance: { id: instance }, ip: wanted === undefined ? undefined : address(wanted) },
      [
        [network === undefined, 404],
        [one === undefined, 404],
        [one !== undefined && one.networks.has(id) === (way === "attach"), 409],
        [network !== undefined && !managed && (wanted !== undefined || way === "update-ip"), 400],
        [managed && (wanted === 0 || wanted === 255), 400],
        [managed && wanted !== undefined && leased.includes(wanted), 409],
        [managed && wanted === undefined && free === undefined, 409],
      ],
      () => void one!.networks.set(id, wanted ?? free),
    );
  }),
  (model, random) => {
    const [id, instance] = [some(model.networks, model, random), some(model.instances, model, random)];
    const one = model.instances.get(instance);
    return move(
      "PUT",
      `/private-network/${id}:detach`,
      { instance: { id: instance } },
      [
        [!model.networks.has(id), 404],
        [one === undefined, 404],
        [one !== undefined && !one.networks.has(id), 409],
      ],
      () => void one!.networks.delete(id),
    );
  },
];

const otherMoves: readonly Maker[] = [
  (model, random) => {
    const name = random.pick(NAMES);
    const checksum = random.pick(["0".repeat(32), "0".repeat(32), "1"]);
    return move(
      "POST",
      "/template",
      { name, checksum, url: "https://example.com/image", "ssh-key-enabled": true, "password-enabled": false },
      [
        [model.templates.size >= QUOTAS.template, 403],
        [checksum === "1", 400],
      ],
      (id) => void model.templates.set(id, { name }),
    );
  },
  (model, random) => {
    const [id, name] = [some(model.templates, model, random), random.pick(NAMES)];
    return move(
      "PUT",
      `/template/${id}`,
      { name },
      [[!model.templates.has(id), 404]],
      () => void model.templates.set(id, { name }),
    );
  },
  removal(
    "template",
    ({ templates }) => templates,
    () => false,
  ),
  (model, random) => {
    const name = random.pick([...NAMES, "-"]);
    return move(
      "POST",
      "/ssh-key",
      { name, "public-key": PUBLIC_KEY },
      [
        [model.keys.has(name), 409],
        [name === "-", 400],
        [model.keys.size >= QUOTAS["ssh-key"], 403],
      ],
      () => void model.keys.add(name),
    );
  },
  (model, random) => {
    const name = random.pick(NAMES);
    return move(
      "DELETE",
      `/ssh-key/${name}`,
      undefined,
      [[!model.keys.has(name), 404]],
      () => void model.keys.delete(name),
    );
  },
];

/** A random call that fits the model's zone, or does not. */
export function someMove(model: Model, random: Random): Move {
  const family = random.pick([instanceMoves, instanceMoves, groupMoves, addressMoves, networkMoves, otherMoves]);
  const made = random.pick(family)(model, random);
  // In a zone with little in it most calls are for what is not there: enough of those.
  return made.refusals.includes(404) && random.chance(0.8) ? someMove(model, random) : made;
}
