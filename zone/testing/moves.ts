/** Valid and invalid calls of a zone's API, each with its expected result. */
import fc from "fast-check";

import { typeByName } from "../families/instance-types.ts";
import type { Client, Json } from "./client.ts";
import { meaningOf, type Model, type ModelInstance } from "./model.ts";

export interface Move {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  /** HTTP statuses of all reasons to refuse the call; if empty it must succeed. */
  readonly refusals: readonly number[];
  /** Applies the call to the model; `id` is the operation's reference. */
  done(id: string, client: Client): void | Promise<void>;
}

/** Builds a move from the model at its turn, so that it can use ids that exist then. */
export type Build = (model: Model) => Move;

/** A refusal's HTTP status, if the condition holds. */
type Refusal = readonly [when: boolean, status: number];

const build = <T>(values: fc.Arbitrary<T>, make: (model: Model, drawn: T) => Move): fc.Arbitrary<Build> =>
  values.map((drawn) => (model) => make(model, drawn));

const move = (
  method: string,
  path: string,
  body: object | undefined,
  refusals: readonly Refusal[],
  done: Move["done"],
): Move => ({ method, path, body, refusals: refusals.filter(([when]) => when).map(([, status]) => status), done });

/** Quotas low enough to be reached. */
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

/** True in this percentage of cases. */
const chance = (percent: number): fc.Arbitrary<boolean> =>
  fc.oneof({ weight: percent, arbitrary: fc.constant(true) }, { weight: 100 - percent, arbitrary: fc.constant(false) });

/** `value` in this percentage of cases, otherwise `other`. */
const either = <T>(percent: number, value: fc.Arbitrary<T>, other: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: percent, arbitrary: value }, { weight: 100 - percent, arbitrary: fc.constant(other) });

const name = fc.constantFrom(...NAMES);
const labels: fc.Arbitrary<Record<string, string>> = either(
  50,
  name.map((role): Record<string, string> => ({ role })),
  {},
);

/** Mostly an existing resource; otherwise one that was deleted or never existed. */
interface Choice {
  readonly exists: boolean;
  readonly at: number;
}
const choice: fc.Arbitrary<Choice> = fc.record({ exists: chance(90), at: fc.nat(59) });

const at = <T>(of: readonly T[], index: number): T => of[index % of.length]!;

function chosen(of: ReadonlyMap<string, unknown>, { gone }: Model, { exists, at: index }: Choice): string {
  return exists && of.size > 0 ? at([...of.keys()], index) : at([UNKNOWN, ...gone.slice(-5)], index);
}

interface Verb<T extends object> {
  /** Whether the instance must be running or stopped; default: either. */
  readonly running?: boolean;
  readonly body?: fc.Arbitrary<T>;
  done(one: ModelInstance, body: T): void;
  /** Further refusals; `one` is undefined where the instance does not exist. */
  refusals?(model: Model, one: ModelInstance | undefined, body: T): readonly Refusal[];
}

const verb = <T extends object>(path: string, { running, body, ...rest }: Verb<T>): fc.Arbitrary<Build> =>
  build(
    fc.record({ which: choice, content: body ?? (fc.constant(undefined) as fc.Arbitrary<Json>) }),
    (model, { which, content }: { which: Choice; content: T }) => {
      const id = chosen(model.instances, model, which);
      const one = model.instances.get(id);
      return move(
        "PUT",
        `/instance/${id}:${path}`,
        content,
        [
          [one === undefined, 404],
          [running !== undefined && one !== undefined && one.running !== running, 409],
          ...(rest.refusals?.(model, one, content) ?? []),
        ],
        () => rest.done(one!, content),
      );
    },
  );

/** Attaches an instance to a resource or detaches it; `held` returns the instance's set of such resources. */
const attachment = (
  path: string,
  of: (model: Model) => ReadonlyMap<string, unknown>,
  held: (one: ModelInstance) => Set<string>,
  way: "attach" | "detach",
): fc.Arbitrary<Build> =>
  build(fc.tuple(choice, choice), (model, [what, who]) => {
    const [id, instance] = [chosen(of(model), model, what), chosen(model.instances, model, who)];
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
  });

const removal = (
  path: string,
  of: (model: Model) => Map<string, unknown>,
  inUse: (model: Model, id: string) => boolean,
  status = 409,
): fc.Arbitrary<Build> =>
  build(choice, (model, which) => {
    const id = chosen(of(model), model, which);
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
        model.reverse.delete(`${path}/${id}`);
        model.gone.push(id);
      },
    );
  });

const createInstance = build(
  fc.record({
    type: fc.constantFrom("standard.small", "standard.medium", "standard.medium", "standard.colossus"),
    template: choice,
    group: either<Choice | undefined>(50, choice, undefined),
    affinity: either<Choice | undefined>(60, choice, undefined),
    key: either<string | undefined>(30, name, undefined),
    disk: either(90, fc.integer({ min: 10, max: 20 }), 9),
    userData: either<string | undefined>(90, fc.constantFrom(undefined, "QQ=="), "#"),
    running: chance(70),
    labels,
    name,
  }),
  (model, { disk, userData, ...drawn }) => {
    const type = typeByName(drawn.type)!;
    const template = chosen(model.templates, model, drawn.template);
    const groups = drawn.group === undefined ? [] : [chosen(model.groups, model, drawn.group)];
    const affinities = drawn.affinity === undefined ? [] : [chosen(model.antiAffinity, model, drawn.affinity)];
    const keys = drawn.key === undefined ? [] : [drawn.key];
    const own = { running: drawn.running, labels: drawn.labels, name: drawn.name };
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
        "ssh-keys": keys.map((key) => ({ name: key })),
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
        const fallback = [...model.groups].find(([, group]) => group.name === "default")![0];
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
);

interface InstanceUpdate {
  readonly name?: string;
  readonly labels?: Record<string, string>;
  readonly "user-data"?: string;
}

const updateInstance = build(
  fc.record({
    which: choice,
    body: fc.oneof<fc.Arbitrary<InstanceUpdate>[]>(
      fc.record({ name }),
      fc.record({ labels }),
      fc.constant({ "user-data": "Qg==" }),
      fc.constant({ "user-data": "?" }),
    ),
  }),
  (model, { which, body }) => {
    const id = chosen(model.instances, model, which);
    const { "user-data": userData, ...rest } = body;
    return move(
      "PUT",
      `/instance/${id}`,
      body,
      [
        [!model.instances.has(id), 404],
        [userData === "?", 400],
      ],
      () => void Object.assign(model.instances.get(id)!, rest, userData === undefined ? {} : { userData }),
    );
  },
);

const instanceMoves: readonly fc.Arbitrary<Build>[] = [
  createInstance,
  updateInstance,
  verb("start", { running: false, body: fc.constant({}), done: (one) => void (one.running = true) }),
  verb("stop", { running: true, done: (one) => void (one.running = false) }),
  verb("reboot", { running: true, done: () => {} }),
  verb("reset", {
    body: fc.constant({}),
    done: () => {},
    refusals: ({ templates }, one) => [[one !== undefined && !templates.has(one.template), 404]],
  }),
  verb("add-protection", { done: (one) => void (one.protected = true) }),
  verb("remove-protection", { done: (one) => void (one.protected = false) }),
  verb("resize-disk", {
    running: false,
    body: fc.record({ "disk-size": fc.integer({ min: 8, max: 30 }) }),
    done: (one, body) => void (one.disk = body["disk-size"]),
    refusals: (_model, one, body) => [
      [body["disk-size"] < 10 || (one !== undefined && body["disk-size"] <= one.disk), 400],
    ],
  }),
  verb("scale", {
    running: false,
    body: fc.record({ "instance-type": fc.record({ id: fc.constantFrom(LARGE, SMALL, OTHER_FAMILY) }) }),
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

const addRule = build(
  fc.record({
    which: choice,
    peer: choice,
    toGroup: fc.boolean(),
    start: fc.integer({ min: 1, max: 2 }),
    end: fc.integer({ min: 1, max: 2 }),
    direction: fc.constantFrom("ingress", "egress"),
    network: fc.constantFrom("10.0.0.0/8", "0.0.0.0/0", "10.0.0.1"),
  }),
  (model, { which, toGroup, start, end, direction, network, ...drawn }) => {
    const id = chosen(model.groups, model, which);
    const peer = chosen(model.groups, model, drawn.peer);
    const rule = {
      "flow-direction": direction,
      protocol: "tcp",
      "start-port": start,
      "end-port": end,
      ...(toGroup ? { "security-group": { id: peer } } : { network }),
    };
    return move(
      "POST",
      `/security-group/${id}/rules`,
      rule,
      [
        [!model.groups.has(id), 404],
        [model.groups.get(id)?.rules.has(meaningOf(rule)) === true, 409],
        [end < start, 400],
        [toGroup && !model.groups.has(peer), 404],
        [!toGroup && network === "10.0.0.1", 400],
      ],
      async (_id, client) => {
        const { rules } = await client.get(`/security-group/${id}`);
        const made = rules.find((each: Json) => meaningOf(each) === meaningOf(rule));
        model.groups.get(id)!.rules.set(meaningOf(rule), made?.id);
      },
    );
  },
);

const deleteRule = build(fc.record({ which: choice, rule: choice }), (model, drawn) => {
  const id = chosen(model.groups, model, drawn.which);
  const rules = model.groups.get(id)?.rules ?? new Map<string, string>();
  const { exists, at: index } = drawn.rule;
  const [meaning, rule] = rules.size > 0 && exists ? at([...rules], index) : ["", UNKNOWN];
  return move(
    "DELETE",
    `/security-group/${id}/rules/${rule}`,
    undefined,
    [[!rules.has(meaning), 404]],
    () => void rules.delete(meaning),
  );
});

const externalSource = (way: "add" | "remove"): fc.Arbitrary<Build> =>
  build(fc.tuple(choice, fc.constantFrom("192.0.2.0/24", "198.51.100.0/24", "192.0.2.1")), (model, [which, cidr]) => {
    const id = chosen(model.groups, model, which);
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
  });

const groupMoves: readonly fc.Arbitrary<Build>[] = [
  build(name, (model, own) =>
    move(
      "POST",
      "/security-group",
      { name: own },
      [
        [[...model.groups.values()].some((group) => group.name === own), 409],
        [model.groups.size >= QUOTAS["security-group"], 403],
      ],
      (id) => void model.groups.set(id, { name: own, rules: new Map(), sources: new Set() }),
    ),
  ),
  removal(
    "security-group",
    ({ groups }) => groups,
    (model, id) =>
      model.groups.get(id)?.name === "default" ||
      model.instancesWith((one) => one.groups.has(id)).length > 0 ||
      [...model.groups.values()].some(({ rules }) => [...rules.keys()].some((rule) => rule.includes(id))),
  ),
  ...[addRule, addRule, addRule, addRule],
  deleteRule,
  externalSource("add"),
  externalSource("remove"),
  ...(["attach", "detach"] as const).map((way) =>
    attachment(
      "security-group",
      ({ groups }) => groups,
      ({ groups }) => groups,
      way,
    ),
  ),
  build(name, (model, own) =>
    move(
      "POST",
      "/anti-affinity-group",
      { name: own },
      [
        [[...model.antiAffinity.values()].some((group) => group.name === own), 409],
        [model.antiAffinity.size >= QUOTAS["anti-affinity-group"], 403],
      ],
      (id) => void model.antiAffinity.set(id, { name: own }),
    ),
  ),
  removal(
    "anti-affinity-group",
    ({ antiAffinity }) => antiAffinity,
    (model, id) => model.instancesWith((one) => one.antiAffinity.includes(id)).length > 0,
  ),
];

const healthCheck = fc.constantFrom(
  undefined,
  { mode: "tcp", port: 22 },
  { mode: "https", port: 443, uri: "/" },
  { mode: "http", port: 80 },
);

/** Reverse DNS of an instance or an elastic IP: set, or deleted where no name is drawn. */
const reverseDns = (path: string, of: (model: Model) => ReadonlyMap<string, unknown>): fc.Arbitrary<Build> =>
  build(
    fc.record({ which: choice, domain: fc.constantFrom(undefined, undefined, "a.example.org", "b.example.org", "-") }),
    (model, { which, domain }) => {
      const id = chosen(of(model), model, which);
      const owner = `${path}/${id}`;
      const set = domain !== undefined;
      return move(
        set ? "POST" : "DELETE",
        `/reverse-dns/${owner}`,
        set ? { "domain-name": domain } : undefined,
        [
          [!of(model).has(id), 404],
          [domain === "-", 400],
          [!set && !model.reverse.has(owner), 404],
        ],
        () => void (set ? model.reverse.set(owner, `${domain}.`) : model.reverse.delete(owner)),
      );
    },
  );

const addressMoves: readonly fc.Arbitrary<Build>[] = [
  build(healthCheck, (model, check) =>
    move(
      "POST",
      "/elastic-ip",
      { healthcheck: check },
      [
        [model.elasticIps.size >= QUOTAS["elastic-ip"], 403],
        [check?.mode === "http", 400],
      ],
      async (id, client) =>
        void model.elasticIps.set(id, { address: (await client.get(`/elastic-ip/${id}`)).ip, check }),
    ),
  ),
  build(
    fc.record({ which: choice, check: healthCheck, description: fc.constantFrom(undefined, ...NAMES) }),
    (model, { which, check, description }) => {
      const id = chosen(model.elasticIps, model, which);
      return move(
        "PUT",
        `/elastic-ip/${id}`,
        { healthcheck: check, description },
        [
          [!model.elasticIps.has(id), 404],
          [check?.mode === "http", 400],
        ],
        () => void Object.assign(model.elasticIps.get(id)!, check && { check }, description && { description }),
      );
    },
  ),
  build(choice, (model, which) => {
    const id = chosen(model.elasticIps, model, which);
    return move("DELETE", `/elastic-ip/${id}/description`, undefined, [[!model.elasticIps.has(id), 404]], () => {
      delete model.elasticIps.get(id)!.description;
    });
  }),
  removal(
    "elastic-ip",
    ({ elasticIps }) => elasticIps,
    (model, id) => model.instancesWith((one) => one.elasticIps.has(id)).length > 0,
  ),
  ...(["attach", "detach"] as const).map((way) =>
    attachment(
      "elastic-ip",
      ({ elasticIps }) => elasticIps,
      ({ elasticIps }) => elasticIps,
      way,
    ),
  ),
  reverseDns("elastic-ip", ({ elasticIps }) => elasticIps),
  reverseDns("instance", ({ instances }) => instances),
];

const address = (n: number): string => `10.0.0.${n}`;
const rangeBody = ([first, last]: readonly [number, number]): object => ({
  "start-ip": address(first),
  "end-ip": address(last),
  netmask: "255.255.255.0",
});

const attachToNetwork = (way: "attach" | "update-ip"): fc.Arbitrary<Build> =>
  build(
    fc.record({
      which: choice,
      who: choice,
      /** Last byte of the requested address; `own` is the instance's current one. */
      wanted: either<number | "own" | undefined>(
        60,
        fc.constantFrom<(number | "own")[]>(0, 1, 2, 3, 200, 255, "own", "own"),
        undefined,
      ),
    }),
    (model, { which, who, ...drawn }) => {
      const [id, instance] = [chosen(model.networks, model, which), chosen(model.instances, model, who)];
      const [network, one] = [model.networks.get(id), model.instances.get(instance)];
      const before = one?.networks.get(id);
      const wanted = drawn.wanted === "own" ? before : drawn.wanted;
      const others = way === "update-ip" ? instance : undefined; // an instance may keep its own address
      const [free, leased] =
        network?.range === undefined ? [undefined, []] : [model.freeIn(id, others), model.leased(id, others)];
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
    },
  );

const networkMoves: readonly fc.Arbitrary<Build>[] = [
  build(
    fc.record({
      own: fc.record({ name, labels }),
      range: either<readonly [number, number] | undefined>(
        70,
        fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 2, max: 5 })),
        undefined,
      ),
    }),
    (model, { own, range }) =>
      move(
        "POST",
        "/private-network",
        { ...own, ...(range && rangeBody(range)) },
        [
          [model.networks.size >= QUOTAS["private-network"], 403],
          [range !== undefined && (range[0] === 0 || range[0] > range[1]), 400],
        ],
        (id) => void model.networks.set(id, { ...own, range }),
      ),
  ),
  build(
    fc.record({ which: choice, last: fc.integer({ min: 1, max: 9 }), own: name }),
    (model, { which, last, own }) => {
      const id = chosen(model.networks, model, which);
      const network = model.networks.get(id);
      const range = network?.range && ([network.range[0], last] as const);
      return move(
        "PUT",
        `/private-network/${id}`,
        { name: own, "end-ip": address(last) },
        [
          [network === undefined, 404],
          [network !== undefined && (range === undefined || range[0] > last), 400],
        ],
        () => void Object.assign(network!, { name: own, range }),
      );
    },
  ),
  build(choice, (model, which) => {
    const id = chosen(model.networks, model, which);
    return move("DELETE", `/private-network/${id}/labels`, undefined, [[!model.networks.has(id), 404]], () => {
      model.networks.get(id)!.labels = {};
    });
  }),
  removal(
    "private-network",
    ({ networks }) => networks,
    (model, id) => model.instancesWith((one) => one.networks.has(id)).length > 0,
  ),
  ...(["attach", "update-ip", "update-ip"] as const).map(attachToNetwork),
  build(fc.tuple(choice, choice), (model, [which, who]) => {
    const [id, instance] = [chosen(model.networks, model, which), chosen(model.instances, model, who)];
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
  }),
];

const otherMoves: readonly fc.Arbitrary<Build>[] = [
  build(fc.tuple(name, fc.constantFrom("0".repeat(32), "0".repeat(32), "1")), (model, [own, checksum]) =>
    move(
      "POST",
      "/template",
      { name: own, checksum, url: "https://example.com/image", "ssh-key-enabled": true, "password-enabled": false },
      [
        [model.templates.size >= QUOTAS.template, 403],
        [checksum === "1", 400],
      ],
      (id) => void model.templates.set(id, { name: own }),
    ),
  ),
  build(fc.tuple(choice, name), (model, [which, own]) => {
    const id = chosen(model.templates, model, which);
    return move(
      "PUT",
      `/template/${id}`,
      { name: own },
      [[!model.templates.has(id), 404]],
      () => void model.templates.set(id, { name: own }),
    );
  }),
  removal(
    "template",
    ({ templates }) => templates,
    () => false,
  ),
  build(fc.constantFrom(...NAMES, "-"), (model, own) =>
    move(
      "POST",
      "/ssh-key",
      { name: own, "public-key": PUBLIC_KEY },
      [
        [model.keys.has(own), 409],
        [own === "-", 400],
        [model.keys.size >= QUOTAS["ssh-key"], 403],
      ],
      () => void model.keys.add(own),
    ),
  ),
  build(name, (model, own) =>
    move("DELETE", `/ssh-key/${own}`, undefined, [[!model.keys.has(own), 404]], () => void model.keys.delete(own)),
  ),
];

/** Any move; moves of instances are twice as likely as those of each other family. */
export const anyMove: fc.Arbitrary<Build> = fc.oneof(
  ...[instanceMoves, instanceMoves, groupMoves, addressMoves, networkMoves, otherMoves].map((family) =>
    fc.oneof(...family),
  ),
);
