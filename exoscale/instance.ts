import type { Api, Instance } from "./api.ts";
import { ensure, remove, whileBusy } from "./busy.ts";
import { connect, type Client } from "./client.ts";
import { ApiError, Incomplete, messageOf, Refused } from "./errors.ts";
import { findOrMake, tokenLabel, type Collection } from "./find.ts";
import { changed, orGone, type Kind } from "./resource-provider.ts";
import {
  atRest,
  getInstance,
  isLeaving,
  put,
  readInstance,
  start,
  stop,
  typeId,
  waitFor,
  waitUntilGone,
} from "./instance-actions.ts";
import { operationLimit } from "./operations.ts";
import { patience } from "./patience.ts";
import { encodeUserData } from "./user-data.ts";

/**
 * A machine with a name and an address. What it runs, that it runs, and what it is made of from then on is `Boot`'s:
 * another type, template, disk, SSH key or anti-affinity group here is for new instances only.
 */
export interface InstanceInputs {
  readonly api: Api;
  readonly name: string;
  readonly token: string;
  /** `family.size`, e.g. `standard.medium`. */
  readonly type: string;
  /** The template's id. */
  readonly template: string;
  /** GiB. */
  readonly diskSize: number;
  /** The SSH key's name. */
  readonly sshKey: string;
  /** Ids. */
  readonly securityGroups: readonly string[];
  /** Ids. */
  readonly antiAffinityGroups: readonly string[];
  /** Ids. */
  readonly elasticIps: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** `labels` here are the API's own, the creation token among them; what it is made of is what it was made of. */
export interface InstanceOutputs extends InstanceInputs {
  readonly publicIp: string;
}

export const instances: Collection<Instance> = {
  kind: "instance",
  path: "/instance",
  field: "instances",
  id: (each) => each.id,
  name: (each) => each.name,
  isMarked: (each, mark) => each.labels?.[tokenLabel] === mark,
  isLeaving,
};

/** Started without its own user-data, it does nothing. */
export const emptyCloudConfig = encodeUserData("#cloud-config\n");

/** Masters that this run of Pulumi asks for anew, though others of their names may be there: cluster and name. */
const anew = new Set<string>();
/** The master that this run of Pulumi replaces, by cluster. */
const replaced = new Map<string, string>();

/** @returns why a master cannot be replaced: another one of its cluster is, by this run. */
function refusal(cluster: string, name: string): string | undefined {
  const first = replaced.get(cluster) ?? name;
  replaced.set(cluster, first);
  if (first === name) return undefined;
  return `${name} cannot be replaced together with ${first}: both etcds would lose their quorum. Replace one master, and the next once \`npm run status\` says that all is well.`;
}

const clusterOf = ({ api, labels: { cluster } }: InstanceInputs) => `${api.endpoint} ${cluster}`;
const masterOf = (inputs: InstanceInputs) => `${clusterOf(inputs)} ${inputs.name}`;

export const instance: Kind<InstanceInputs, InstanceOutputs> = {
  check(olds, news) {
    if (news.labels.role !== "master") return [];
    // The engine tells nothing of what is there where it is to replace it by its name (`--replace`).
    if (olds.token === undefined) anew.add(masterOf(news));
    if (olds.token === undefined || olds.token === news.token) return [];
    const reason = refusal(clusterOf(news), news.name);
    return reason === undefined ? [] : [{ property: "token", reason }];
  },

  diff(_id, olds, news) {
    const replaces = changed(olds, news, ["token"]);
    const updates = changed(olds, { ...news, labels: marked(news) }, [
      "api",
      "name",
      "labels",
      "securityGroups",
      "elasticIps",
    ]);
    return {
      changes: replaces.length > 0 || updates.length > 0,
      replaces,
      // Two nodes of one name cannot be in a cluster.
      deleteBeforeReplace: true,
    };
  },

  async create(inputs) {
    const client = connect(inputs.api);
    const type = await typeId(client, inputs.type);
    const { name, token } = inputs;
    const id = await findOrMake(client, { among: instances, name, mark: token }, () =>
      onceImported(inputs, () =>
        client.post("/instance", {
          name: inputs.name,
          "instance-type": { id: type },
          template: { id: inputs.template },
          "disk-size": inputs.diskSize,
          "ssh-keys": [{ name: inputs.sshKey }],
          "security-groups": inputs.securityGroups.map((group) => ({ id: group })),
          "anti-affinity-groups": inputs.antiAffinityGroups.map((group) => ({ id: group })),
          "public-ip-assignment": "inet4",
          labels: marked(inputs),
          "user-data": emptyCloudConfig,
          "auto-start": false,
        }),
      ),
    );
    try {
      return { id, outs: await bringAbout(client, id, inputs, inputs) };
    } catch (error) {
      throw new Incomplete(id, messageOf(error));
    }
  },

  async read(id, olds) {
    const client = connect(olds.api);
    const actual = await readInstance(client, id, "instance");
    if (!actual) return undefined;
    const outs = outputs(actual, olds);
    const { publicIp: _publicIp, ...inputs } = outs;
    const { [tokenLabel]: _token, ...labels } = outs.labels;
    return { outs, inputs: { ...inputs, labels } };
  },

  update: (id, olds, news) => bringAbout(connect(news.api), id, news, olds),

  address: ({ publicIp }) => publicIp,

  async delete(id, olds) {
    const reason = anew.has(masterOf(olds)) ? refusal(clusterOf(olds), olds.name) : undefined;
    if (reason !== undefined) throw new Refused(`${reason} ${olds.name} was not touched.`);
    await removeInstance(connect(olds.api), id, olds.name);
  },
};

/** Resolves when it is gone; it may have been gone before. */
export async function removeInstance(client: Client, id: string, name: string): Promise<void> {
  const actual = await orGone(getInstance(client, id));
  if (!actual) return;
  if (!isLeaving(actual)) {
    // An address that is still held could not be deleted.
    await setElasticIps(client, actual, []);
    await remove(client, `/instance/${id}`, `instance ${name}`);
  }
  await waitUntilGone(client, actual);
}

/** A template that an interrupted run registered may still be on its way: the API does not tell, but refuses. */
async function onceImported<T>({ name }: InstanceInputs, make: () => Promise<T>): Promise<T> {
  const isNotYet = (error: unknown) =>
    error instanceof ApiError && error.status === 409 && /template/i.test(error.reason);
  return whileBusy(`the template of instance ${name} to be imported`, make, {
    limit: operationLimit(patience.template),
    isBusy: isNotYet,
  });
}

/** Makes everything that can change be as it is wanted. @param made What the instance was made of. */
async function bringAbout(
  client: Client,
  id: string,
  wanted: InstanceInputs,
  made: InstanceInputs,
): Promise<InstanceOutputs> {
  let actual = await atRest(client, id);
  const labels = marked(wanted);
  if (changed(actual, { name: wanted.name, labels }, ["name", "labels"]).length > 0) {
    await put(client, actual, { name: wanted.name, labels });
  }
  actual = await withAddress(client, actual);
  await setSecurityGroups(client, actual, wanted.securityGroups);
  await setElasticIps(client, actual, wanted.elasticIps);
  return outputs(await getInstance(client, id), { ...made, api: wanted.api });
}

/** An address may come only with the first start. */
async function withAddress(client: Client, actual: Instance): Promise<Instance> {
  if (addressOf(actual)) return actual;
  if (actual.state === "stopped") await start(client, actual);
  await waitFor(client, actual.id, "to be given an address", (each) => addressOf(each) !== undefined, patience.address);
  await stop(client, actual);
  return getInstance(client, actual.id);
}

function addressOf({ "public-ip": address }: Instance): string | undefined {
  return address && address !== "0.0.0.0" ? address : undefined;
}

async function setSecurityGroups(
  client: Client,
  { id, name, "security-groups": actual = [] }: Instance,
  wanted: readonly string[],
): Promise<void> {
  await setMembership(
    client,
    id,
    actual.map((each) => each.id),
    wanted,
    "security-group",
    `security group of instance ${name}`,
    async () => (await getInstance(client, id))["security-groups"] ?? [],
  );
}

async function setElasticIps(
  client: Client,
  { id, name, "elastic-ips": actual = [] }: Instance,
  wanted: readonly string[],
): Promise<void> {
  await setMembership(
    client,
    id,
    actual.map((each) => each.id),
    wanted,
    "elastic-ip",
    `elastic IP of instance ${name}`,
    async () => (await getInstance(client, id))["elastic-ips"] ?? [],
  );
}

/** Attaches what is missing, then detaches what is too much. */
async function setMembership(
  client: Client,
  id: string,
  actual: readonly string[],
  wanted: readonly string[],
  path: string,
  what: string,
  now: () => Promise<readonly { readonly id: string }[]>,
): Promise<void> {
  const set = async (each: string, verb: "attach" | "detach") =>
    ensure(
      async () => (await now()).some((holder) => holder.id === each) === (verb === "attach"),
      async () =>
        client.wait(await client.put(`/${path}/${each}:${verb}`, { instance: { id } }), {
          what: `${what} to be ${verb}ed`,
        }),
    );
  for (const each of wanted) if (!actual.includes(each)) await set(each, "attach");
  for (const each of actual) if (!wanted.includes(each)) await set(each, "detach");
}

function marked({ labels, token }: InstanceInputs): Record<string, string> {
  return { ...labels, [tokenLabel]: token };
}

function outputs(actual: Instance, made: InstanceInputs): InstanceOutputs {
  return {
    api: made.api,
    name: actual.name,
    token: made.token,
    type: made.type,
    template: made.template,
    diskSize: made.diskSize,
    sshKey: made.sshKey,
    securityGroups: inOrderOf(made.securityGroups, actual["security-groups"]),
    antiAffinityGroups: made.antiAffinityGroups,
    elasticIps: inOrderOf(made.elasticIps, actual["elastic-ips"]),
    labels: actual.labels ?? {},
    publicIp: addressOf(actual) ?? "",
  };
}

/** The ids as they are known, then the others: so that only what changed shows. */
function inOrderOf(known: readonly string[], references: readonly { readonly id: string }[] = []): string[] {
  const ids = references.map((each) => each.id);
  return [...known.filter((id) => ids.includes(id)), ...ids.filter((id) => !known.includes(id))];
}
