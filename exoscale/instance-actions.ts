import type { Instance, InstanceType } from "./api.ts";
import { ensure, whileBusy } from "./busy.ts";
import type { Client } from "./client.ts";
import { OperationError, Refused } from "./errors.ts";
import { eventually } from "./eventually.ts";
import { orGone } from "./resource-provider.ts";
import { operationLimit, type Operation } from "./operations.ts";

/** An instance's type list changes with the seasons, not during a run. */
const typesMaxAge = 3_600_000;

/** A refresh of a thousand instances takes minutes; the two readers of one come within seconds. */
const toldMaxAge = 30_000;

const polling = [300, 5_000] as const;

/** How long an instance may be on its way: what others have begun, and then what we have, in milliseconds. */
const stateLimit = (): number => 2 * operationLimit();

export function getInstance(client: Client, id: string): Promise<Instance> {
  return client.get(`/instance/${id}`);
}

type Reader = "instance" | "boot";

/** What one reader of an instance was told, for the other; by client and id. */
const told = new WeakMap<
  Client,
  Map<string, { readonly reader: Reader; readonly at: number; readonly answer: Promise<Instance | undefined> }>
>();

/**
 * The instance as a refresh finds it; undefined: gone, or leaving. Two resources describe it, and the API is asked once
 * for both: lists have no user-data, so a call per instance is the least there can be.
 */
export function readInstance(client: Client, id: string, reader: Reader): Promise<Instance | undefined> {
  let instances = told.get(client);
  if (!instances) told.set(client, (instances = new Map()));
  const known = instances.get(id);
  instances.delete(id);
  if (known && known.reader !== reader && performance.now() - known.at < toldMaxAge) return known.answer;
  const answer = orGone(getInstance(client, id)).then((actual) => (actual && !isLeaving(actual) ? actual : undefined));
  instances.set(id, { reader, at: performance.now(), answer });
  return answer;
}

/** Asked to go, or gone: the API lists such instances for a while. */
export function isLeaving({ state }: Pick<Instance, "state">): boolean {
  return state === "destroying" || state === "destroyed" || state === "expunging";
}

/** `standard.medium` of an instance type's id. */
export async function typeName(client: Client, id: string): Promise<string> {
  const type = (await types(client)).find((each) => each.id === id);
  return type ? nameOf(type) : id;
}

/** The id of `standard.medium`. @throws Refused naming what there is. */
export async function typeId(client: Client, name: string): Promise<string> {
  const all = await types(client);
  const type = all.find((each) => nameOf(each) === name);
  if (type) return type.id;
  throw new Refused(`There is no instance type ${name} in this zone; there are ${all.map(nameOf).sort().join(", ")}.`);
}

function types(client: Client): Promise<InstanceType[]> {
  return client.list("/instance-type", "instance-types", typesMaxAge);
}

function nameOf({ family, size }: InstanceType): string {
  return `${family}.${size}`;
}

/** Waits until the instance is running or stopped, whatever it is in the middle of. */
export function atRest(client: Client, id: string): Promise<Instance> {
  return waitFor(client, id, "to be running or stopped", ({ state }) => state === "running" || state === "stopped");
}

/** Switches it on and waits until the API says running. */
export async function start(client: Client, instance: Pick<Instance, "id" | "name">): Promise<void> {
  await change(client, instance, "start", {}, async (actual) => actual.state === "running");
}

/** Shuts it down and waits until the API says stopped. */
export async function stop(client: Client, instance: Pick<Instance, "id" | "name">): Promise<void> {
  await change(client, instance, "stop", {}, async (actual) => actual.state === "stopped");
}

/** Asks the guest to reboot. */
export async function reboot(client: Client, instance: Pick<Instance, "id" | "name">): Promise<void> {
  await change(client, instance, "reboot", {}, async () => false);
}

/** Another type, while stopped. */
export async function scale(client: Client, instance: Pick<Instance, "id" | "name">, type: string): Promise<void> {
  const id = await typeId(client, type);
  await change(
    client,
    instance,
    "scale",
    { "instance-type": { id } },
    async (actual) => actual["instance-type"].id === id,
  );
}

/** A larger disk, while stopped. @param size GiB. */
export async function resizeDisk(client: Client, instance: Pick<Instance, "id" | "name">, size: number): Promise<void> {
  await change(client, instance, "resize-disk", { "disk-size": size }, async (actual) => actual["disk-size"] === size);
}

/**
 * A fresh disk, while stopped: what was on the old one is gone. The API may say that it is so before it is, so only an
 * operation that was seen to succeed counts.
 *
 * @param template Its id. @param size GiB. @default as large as the disk is
 */
export async function reset(
  client: Client,
  instance: Pick<Instance, "id" | "name">,
  template: string,
  size?: number,
): Promise<void> {
  await change(
    client,
    instance,
    "reset",
    { template: { id: template }, ...(size !== undefined && { "disk-size": size }) },
    async () => false,
  );
}

/** Updates name, labels or user-data. */
export async function put(client: Client, instance: Pick<Instance, "id" | "name">, fields: object): Promise<void> {
  await whileBusy(`instance ${instance.name} to be changed`, async () => {
    await client.wait(await client.put<Operation>(`/instance/${instance.id}`, fields), {
      what: `instance ${instance.name} to be changed`,
    });
  });
}

async function change(
  client: Client,
  { id, name }: Pick<Instance, "id" | "name">,
  verb: string,
  body: object,
  isDone: (actual: Instance) => Promise<boolean>,
): Promise<void> {
  const what = `instance ${name} to ${verb}`;
  await whileBusy(what, () =>
    ensure(
      // What hangs has been waited for: it is as it is.
      async (error) =>
        isDone(await (error instanceof OperationError && error.hanging ? getInstance(client, id) : atRest(client, id))),
      async () => client.wait(await client.put<Operation>(`/instance/${id}:${verb}`, body), { what }),
    ),
  );
}

/** Waits until the instance looks as wanted. @throws Error naming instance, wish and last state. */
export async function waitFor(
  client: Client,
  id: string,
  wish: string,
  isSo: (instance: Instance) => boolean,
  limit = stateLimit(),
): Promise<Instance> {
  let last: Instance | undefined;
  const found = await eventually({ limit, pause: polling }, async () => {
    last = await getInstance(client, id);
    if (isSo(last)) return last;
    if (last.state === "error" || isLeaving(last)) {
      throw new Refused(
        `instance ${last.name} (${id}) is in state ${last.state}: delete it, then run the same command with --refresh.`,
      );
    }
    return undefined;
  });
  if (found) return found;
  throw new Error(
    `waited ${limit / 1000} s for instance ${last!.name} (${id}) ${wish}; it is ${last!.state}. Should it stay so, delete it, then run the same command with --refresh.`,
  );
}

/** Waits until a deleted instance has left the groups it was in. */
export async function waitUntilGone(client: Client, { id, name }: Pick<Instance, "id" | "name">): Promise<void> {
  const limit = stateLimit();
  const gone = await eventually({ limit, pause: polling }, async () => {
    const actual = await orGone(getInstance(client, id));
    return !actual || actual.state === "destroyed" || actual.state === "expunging" || undefined;
  });
  if (!gone)
    throw new Error(
      `waited ${limit / 1000} s for instance ${name} (${id}) to be gone; it is still being destroyed. Run the same command again once the API no longer lists it.`,
    );
}
