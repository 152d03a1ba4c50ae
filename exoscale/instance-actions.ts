import type { Instance, InstanceType } from "./api.ts";
import { ensure, whileBusy } from "./busy.ts";
import type { Client } from "./client.ts";
import { OperationError, Refused } from "./errors.ts";
import { orGone } from "./resource-provider.ts";
import { operationLimit, type Operation } from "./operations.ts";
import { NotYet, poll } from "./poll.ts";

/** Milliseconds. Instance types do not change during a run. */
const typesMaxAge = 3_600_000;

/** Milliseconds. The two readers of an instance come within seconds, also where a refresh of a thousand takes minutes. */
const readMaxAge = 30_000;

/** How long an instance may be in transition, in milliseconds: an operation of someone else's, and then one of ours. */
const stateLimit = (): number => 2 * operationLimit();

export function getInstance(client: Client, id: string): Promise<Instance> {
  return client.get(`/instance/${id}`);
}

type Reader = "instance" | "boot";

interface Read {
  readonly reader: Reader;
  /** `performance.now()` of the call. */
  readonly at: number;
  readonly answer: Promise<Instance | undefined>;
}

/** The last read of each instance, by client and id, until the other reader has used it. */
const reads = new WeakMap<Client, Map<string, Read>>();

/**
 * The instance as a refresh finds it, or undefined if it is gone or being deleted. Two resources describe an instance and
 * share one call: lists have no user-data, so a call per instance is the least there can be.
 */
export function readInstance(client: Client, id: string, reader: Reader): Promise<Instance | undefined> {
  const ofClient = reads.get(client) ?? new Map<string, Read>();
  reads.set(client, ofClient);
  const known = ofClient.get(id);
  ofClient.delete(id);
  if (known && known.reader !== reader && performance.now() - known.at < readMaxAge) return known.answer;
  const answer = orGone(getInstance(client, id)).then((actual) => (actual && !isLeaving(actual) ? actual : undefined));
  ofClient.set(id, { reader, at: performance.now(), answer });
  return answer;
}

/** Being deleted, or deleted: the API lists such instances for a while. */
export function isLeaving({ state }: Pick<Instance, "state">): boolean {
  return state === "destroying" || state === "destroyed" || state === "expunging";
}

/** The name of an instance type, such as `standard.medium`, or the id if the zone does not have it. */
export async function typeName(client: Client, id: string): Promise<string> {
  const type = (await types(client)).find((each) => each.id === id);
  return type ? nameOf(type) : id;
}

/** The id of an instance type by its name. @throws Refused with all names that can be had */
export async function typeId(client: Client, name: string): Promise<string> {
  const all = await types(client);
  const type = all.find((each) => nameOf(each) === name);
  if (type && isAuthorized(type)) return type.id;
  const others = all.filter(isAuthorized).map(nameOf).sort().join(", ");
  if (!type) throw new Refused(`There is no instance type ${name} in this zone; there are ${others}.`);
  throw new Refused(
    `The account is not authorized for instance type ${name}; ask Exoscale's support for it, or choose another: ${others}.`,
  );
}

/** Where the API does not say, it is. */
const isAuthorized = ({ authorized }: InstanceType): boolean => authorized !== false;

function types(client: Client): Promise<InstanceType[]> {
  return client.list("/instance-type", "instance-types", typesMaxAge);
}

function nameOf({ family, size }: InstanceType): string {
  return `${family}.${size}`;
}

/** Waits until the instance is running or stopped. */
export function atRest(client: Client, id: string): Promise<Instance> {
  return waitFor(client, id, "to be running or stopped", ({ state }) => state === "running" || state === "stopped");
}

/** Starts the instance and waits until it is running. */
export async function start(client: Client, instance: Pick<Instance, "id" | "name">): Promise<void> {
  await act(client, instance, "start", {}, async (actual) => actual.state === "running");
}

/** Shuts the instance down and waits until it is stopped. */
export async function stop(client: Client, instance: Pick<Instance, "id" | "name">): Promise<void> {
  await act(client, instance, "stop", {}, async (actual) => actual.state === "stopped");
}

/** Asks the guest to reboot. */
export async function reboot(client: Client, instance: Pick<Instance, "id" | "name">): Promise<void> {
  await act(client, instance, "reboot", {}, async () => false);
}

/** Changes the type of a stopped instance. @param type `family.size`. */
export async function scale(client: Client, instance: Pick<Instance, "id" | "name">, type: string): Promise<void> {
  const id = await typeId(client, type);
  await act(
    client,
    instance,
    "scale",
    { "instance-type": { id } },
    async (actual) => actual["instance-type"].id === id,
  );
}

/** Enlarges the disk of a stopped instance. @param size GiB. */
export async function resizeDisk(client: Client, instance: Pick<Instance, "id" | "name">, size: number): Promise<void> {
  await act(client, instance, "resize-disk", { "disk-size": size }, async (actual) => actual["disk-size"] === size);
}

/**
 * Gives a stopped instance a fresh disk; the old one and its data are lost. The API may show the new template before the
 * disk is there, so only the operation's success counts.
 *
 * @param template Its id. @param size GiB. @default the size of the old disk
 */
export async function reset(
  client: Client,
  instance: Pick<Instance, "id" | "name">,
  template: string,
  size?: number,
): Promise<void> {
  await act(
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

async function act(
  client: Client,
  { id, name }: Pick<Instance, "id" | "name">,
  verb: string,
  body: object,
  isDone: (actual: Instance) => Promise<boolean>,
): Promise<void> {
  const what = `instance ${name} to ${verb}`;
  await whileBusy(what, () =>
    ensure(
      // An operation that hangs was waited for long enough.
      async (error) =>
        isDone(await (error instanceof OperationError && error.hanging ? getInstance(client, id) : atRest(client, id))),
      async () => client.wait(await client.put<Operation>(`/instance/${id}:${verb}`, body), { what }),
    ),
  );
}

/**
 * Waits until the instance is as wanted.
 *
 * @param goal For the message: `to be running or stopped`. @throws Error that names instance, goal and last state
 */
export function waitFor(
  client: Client,
  id: string,
  goal: string,
  isReached: (instance: Instance) => boolean,
  limit = stateLimit(),
): Promise<Instance> {
  return poll({ limit }, async () => {
    const actual = await getInstance(client, id);
    if (isReached(actual)) return actual;
    const { name, state } = actual;
    if (state === "error" || isLeaving(actual)) {
      throw new Refused(
        `instance ${name} (${id}) is in state ${state}: delete it, then run the same command with --refresh.`,
      );
    }
    throw new NotYet(
      `waited ${limit / 1000} s for instance ${name} (${id}) ${goal}; it is ${state}. If this persists, delete it, then run the same command with --refresh.`,
    );
  });
}

/** Waits until a deleted instance has left its groups. */
export function waitUntilGone(client: Client, { id, name }: Pick<Instance, "id" | "name">): Promise<void> {
  const limit = stateLimit();
  return poll({ limit }, async () => {
    const actual = await orGone(getInstance(client, id));
    if (!actual || actual.state === "destroyed" || actual.state === "expunging") return;
    throw new NotYet(
      `waited ${limit / 1000} s for instance ${name} (${id}) to be gone; it is still being destroyed. Run the same command again once the API no longer lists it.`,
    );
  });
}
