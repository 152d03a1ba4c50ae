import type { Api, Instance, Template } from "./api.ts";
import { ensure, remove, whileBusy } from "./busy.ts";
import { connect, type Client } from "./client.ts";
import { ApiError, Incomplete, messageOf } from "./errors.ts";
import { findOrCreate, tokenLabel, type Collection } from "./find.ts";
import { rememberUses } from "./in-use.ts";
import { changed, orGone, type ResourceProvider } from "./resource-provider.ts";
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
import { timeouts } from "./timeouts.ts";
import { encodeUserData, userDataSha256 } from "./user-data.ts";

/**
 * An instance with a name and an address, created stopped and with an empty cloud-config. Its type, template, disk, SSH key
 * and anti-affinity groups are those of its creation: another value here is for new instances only. Power, user-data and
 * later changes of the machine are left to others.
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

/** `labels` are the API's, creation token included. `type`, `template` and `diskSize` are those of the creation. */
export interface InstanceOutputs extends InstanceInputs {
  readonly publicIp: string;
}

export const instances: Collection<Instance> = {
  kind: "instance",
  path: "/instance",
  field: "instances",
  id: (each) => each.id,
  name: (each) => each.name,
  hasToken: (each, token) => each.labels?.[tokenLabel] === token,
  isLeaving,
};

/** An instance that starts with it does nothing. */
export const emptyCloudConfig = encodeUserData("#cloud-config\n");

export const instance: ResourceProvider<InstanceInputs, InstanceOutputs> = {
  diff(_id, olds, news) {
    const replaces = changed(olds, news, ["token"]);
    const updates = changed(olds, { ...news, labels: labelsOf(news) }, [
      "api",
      "name",
      "labels",
      "securityGroups",
      "elasticIps",
    ]);
    return {
      changes: replaces.length > 0 || updates.length > 0,
      replaces,
      // No two instances of one name at the same time.
      deleteBeforeReplace: true,
    };
  },

  async create(inputs) {
    const client = connect(inputs.api);
    const type = await typeId(client, inputs.type);
    const { name, token } = inputs;
    const id = await findOrCreate(client, { among: instances, name, token }, () =>
      onceImported(client, inputs, () =>
        client.post("/instance", {
          name: inputs.name,
          "instance-type": { id: type },
          template: { id: inputs.template },
          "disk-size": inputs.diskSize,
          "ssh-keys": [{ name: inputs.sshKey }],
          "security-groups": inputs.securityGroups.map((group) => ({ id: group })),
          "anti-affinity-groups": inputs.antiAffinityGroups.map((group) => ({ id: group })),
          "public-ip-assignment": "inet4",
          labels: labelsOf(inputs),
          "user-data": emptyCloudConfig,
          "auto-start": false,
        }),
      ),
    );
    try {
      return { id, outs: await reconcile(client, id, inputs, inputs) };
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

  update: (id, olds, news) => reconcile(connect(news.api), id, news, olds),

  address: ({ publicIp }) => publicIp,

  delete: (id, { api, name }) => removeInstance(connect(api), id, name),
};

/** Deletes an instance and waits until it is gone. It may have been gone before. */
export async function removeInstance(client: Client, id: string, name: string): Promise<void> {
  const actual = await orGone(getInstance(client, id));
  if (!actual) return;
  rememberUses(client, actual);
  if (!isLeaving(actual)) {
    // An elastic IP that is still attached cannot be deleted.
    await setMembership(client, actual, "elastic-ips", []);
    try {
      await remove(client, `/instance/${id}`, `instance ${name}`);
    } catch (error) {
      await holdAgain(client, actual).catch((again: unknown) => {
        throw new Error(
          `${messageOf(error)}. It lives on without its elastic IP (${messageOf(again)}): \`pulumi up --refresh\` attaches it.`,
        );
      });
      throw error;
    }
  }
  await waitUntilGone(client, actual);
}

/** Attaches the elastic IPs of an instance that was not deleted: it may be protected, and goes on serving. */
async function holdAgain(client: Client, before: Instance): Promise<void> {
  const actual = await orGone(getInstance(client, before.id));
  if (!actual || isLeaving(actual)) return;
  const held = (before["elastic-ips"] ?? []).map((each) => each.id);
  await setMembership(client, actual, "elastic-ips", held);
}

/**
 * Retries while the template may be being imported, perhaps since an interrupted run: the API does not say so, but refuses. It
 * refuses for other reasons, too: never longer than an import may take after the template was registered, and not as long
 * where the refusal names something else.
 */
async function onceImported<T>(
  client: Client,
  { name, template }: InstanceInputs,
  create: () => Promise<T>,
): Promise<T> {
  try {
    return await create();
  } catch (error) {
    const imports = operationLimit(timeouts.template);
    if (!isConflict(error) || !(await isNewer(client, template, imports))) throw error;
    const limit = /template/i.test(error.reason) ? imports : operationLimit();
    return whileBusy(`the template of instance ${name} to be imported`, create, { limit, isBusy: isConflict });
  }
}

const isConflict = (error: unknown): error is ApiError => error instanceof ApiError && error.status === 409;

/** Whether a template was registered less than `age` milliseconds ago. */
async function isNewer(client: Client, template: string, age: number): Promise<boolean> {
  const found = await orGone(client.get<Template>(`/template/${template}`));
  return found !== undefined && !(Date.now() - Date.parse(found["created-at"] ?? "") >= age);
}

/** Sets name, labels, security groups and elastic IPs as wanted. @param created The inputs of the creation. */
async function reconcile(
  client: Client,
  id: string,
  wanted: InstanceInputs,
  created: InstanceInputs,
): Promise<InstanceOutputs> {
  let actual = await atRest(client, id);
  const labels = labelsOf(wanted);
  if (changed(actual, { name: wanted.name, labels }, ["name", "labels"]).length > 0) {
    await put(client, actual, { name: wanted.name, labels });
  }
  // Exoscale may assign an address only at the first start.
  const hadNoAddress = addressOf(actual) === undefined;
  if (hadNoAddress) actual = await runOnce(client, actual);
  try {
    await setMemberships(client, actual, wanted);
  } catch (error) {
    // It may refuse these changes before the first start, too.
    if (hadNoAddress || !isRefusal(error) || !mayBeNew(actual)) throw error;
    await setMemberships(client, await runOnce(client, actual), wanted);
  }
  return outputs(await getInstance(client, id), { ...created, api: wanted.api });
}

/** True if the API did not take a change in the present state; which of the two it answers then is not documented. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 400 || error.status === 409);
}

/** True if it may never have been started, which the API does not tell: nothing has given it a cloud-config of its own. */
function mayBeNew(actual: Instance): boolean {
  return actual.state === "stopped" && hasEmptyUserData(actual);
}

/** True if it still has the user-data of its creation, which does nothing. */
export function hasEmptyUserData({ "user-data": userData }: Instance): boolean {
  return userDataSha256(userData) === userDataSha256(emptyCloudConfig);
}

/** Starts an instance that does nothing yet, and stops it once it has an address. */
async function runOnce(client: Client, actual: Instance): Promise<Instance> {
  if (actual.state === "stopped") await start(client, actual);
  await waitFor(client, actual.id, "to be given an address", (each) => addressOf(each) !== undefined, timeouts.address);
  await stop(client, actual);
  return getInstance(client, actual.id);
}

function addressOf({ "public-ip": address }: Instance): string | undefined {
  return address && address !== "0.0.0.0" ? address : undefined;
}

async function setMemberships(client: Client, actual: Instance, wanted: InstanceInputs): Promise<void> {
  await setMembership(client, actual, "security-groups", wanted.securityGroups);
  await setMembership(client, actual, "elastic-ips", wanted.elasticIps);
}

/** Attaches what is missing, then detaches the rest. @param field Where the instance lists what it belongs to. */
async function setMembership(
  client: Client,
  { id, name, ...instance }: Instance,
  field: "security-groups" | "elastic-ips",
  wanted: readonly string[],
): Promise<void> {
  const kind = field.slice(0, -1);
  const what = `${field === "elastic-ips" ? "elastic IP" : "security group"} of instance ${name}`;
  const idsOf = (references: readonly { readonly id: string }[] = []) => references.map((each) => each.id);
  const set = async (each: string, verb: "attach" | "detach") =>
    ensure(
      async () => idsOf((await getInstance(client, id))[field]).includes(each) === (verb === "attach"),
      async () =>
        client.wait(await client.put(`/${kind}/${each}:${verb}`, { instance: { id } }), {
          what: `${what} to be ${verb}ed`,
        }),
    );
  const actual = idsOf(instance[field]);
  for (const each of wanted) if (!actual.includes(each)) await set(each, "attach");
  for (const each of actual) if (!wanted.includes(each)) await set(each, "detach");
}

function labelsOf({ labels, token }: InstanceInputs): Record<string, string> {
  return { ...labels, [tokenLabel]: token };
}

function outputs(actual: Instance, created: InstanceInputs): InstanceOutputs {
  return {
    api: created.api,
    name: actual.name,
    token: created.token,
    type: created.type,
    template: created.template,
    diskSize: created.diskSize,
    sshKey: created.sshKey,
    securityGroups: inOrderOf(created.securityGroups, actual["security-groups"]),
    antiAffinityGroups: created.antiAffinityGroups,
    elasticIps: inOrderOf(created.elasticIps, actual["elastic-ips"]),
    labels: actual.labels ?? {},
    publicIp: addressOf(actual) ?? "",
  };
}

/** Ids in their known order, new ones last, so that a diff shows only what changed. */
function inOrderOf(known: readonly string[], references: readonly { readonly id: string }[] = []): string[] {
  const ids = references.map((each) => each.id);
  return [...known.filter((id) => ids.includes(id)), ...ids.filter((id) => !known.includes(id))];
}
