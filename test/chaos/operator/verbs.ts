/** What an operator types. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Random } from "../../../zone/testing/random.ts";
import type { Ran, Resource } from "../../sandbox/stack.ts";
import { interrupted, interruptions, momentOf, type InterruptionName } from "../interrupt.ts";
import { destroy, up, type ChaosSandbox } from "../sandbox.ts";
import { badFaults, hurry } from "../scenarios/bad-api.ts";
import { changeByHand } from "./by-hand.ts";
import { kept, type Allowance } from "./instances.ts";
import { bad, good } from "./settings.ts";
import { withSmallDisk } from "./small-disk.ts";

/** What was typed, and how it ended. */
export interface Typed {
  /** For the trial's line. */
  readonly said: string;
  /** Commands that have to give a reason if they failed. */
  readonly ran: readonly Ran[];
  readonly allows?: Allowance;
  /** Changed in the cloud: only a refresh sees it. */
  readonly isByHand?: boolean;
}

type Verb = (sandbox: ChaosSandbox, random: Random) => Promise<Typed>;

const options = ["--yes", "--non-interactive"] as const;
const nameOf = ({ urn }: Resource): string => urn.slice(urn.lastIndexOf("::") + 2);
const typeOf = ({ type }: Resource): string => type.slice(type.lastIndexOf(":") + 1);

/** A resource of the stack, neither the stack itself nor a provider: every type as often, though most are certificates. */
function any({ stack }: ChaosSandbox, random: Random): Resource {
  const all = stack
    .resources()
    .filter(({ type }) => type !== "pulumi:pulumi:Stack" && !type.startsWith("pulumi:providers:"));
  const type = random.pick([...new Set(all.map(typeOf))]);
  return random.pick(all.filter((each) => typeOf(each) === type));
}

/** What may be made anew if a resource is to be. */
function anew(resource: Resource): Allowance {
  const name = nameOf(resource);
  const type = typeOf(resource);
  const isOf = (kind: string): boolean =>
    type === kind || (type === "Claim" && name.endsWith(`-${kind[0]!.toLowerCase()}${kind.slice(1)}`));
  return {
    instances: isOf("Instance") ? [name.replace(/-instance$/, "")] : [],
    address: isOf("ElasticIp"),
  };
}

/** A command for one resource. */
function about(words: readonly string[], ...more: readonly string[]): Verb {
  return async (sandbox, random) => {
    const resource = any(sandbox, random);
    const dependents = random.chance(0.4) ? more : [];
    const args = [...words, resource.urn, ...dependents, ...(random.chance(0.3) ? ["--refresh"] : [])];
    const { instances, addresses } = await kept(sandbox);
    const ran = await sandbox.stack.run(args);
    const said = `${words[0]} ${words.at(-1)} ${typeOf(resource)} ${nameOf(resource)} ${dependents.join(" ")}`.trim();
    if (words[0] !== "destroy") return { said, ran: [ran], allows: anew(resource) };
    // Whatever it took was to go.
    const after = await kept(sandbox);
    const gone = [...instances.keys()].filter((name) => !after.instances.has(name));
    return { said, ran: [ran], allows: { instances: gone, address: addresses.length > after.addresses.length } };
  };
}

/** One command with settings that are changed before. */
async function changed(
  sandbox: ChaosSandbox,
  random: Random,
  run: () => Promise<Ran>,
): Promise<Pick<Typed, "ran" | "allows"> & { readonly what: string }> {
  const { settings, allows } = random.pick(good)(random);
  sandbox.stack.configure(settings);
  return { ran: [await run()], allows, what: JSON.stringify(settings) };
}

export const verbs: Readonly<Record<string, Verb>> = {
  up: async ({ stack }) => ({ said: "up", ran: [await stack.run(up)] }),
  "up --refresh": async ({ stack }) => ({ said: "up --refresh", ran: [await stack.run([...up, "--refresh"])] }),
  refresh: async ({ stack }) => ({
    said: "refresh",
    ran: [await stack.run(["refresh", ...options, "--skip-preview"])],
  }),

  "up --replace": about([...up, "--replace"]),
  "up --target": about([...up, "--target"], "--target-dependents"),
  "up --target-replace": about([...up, "--target-replace"], "--target-dependents"),
  "up --exclude": about([...up, "--exclude"], "--exclude-dependents"),
  "destroy --target": about([...destroy, "--target"], "--target-dependents"),

  async "destroy of a protected one"({ stack, ...rest }, random) {
    const sandbox = { stack, ...rest } as ChaosSandbox;
    const resource = any(sandbox, random);
    const before = await kept(sandbox);
    await stack.must(["state", "protect", resource.urn, "--yes"]);
    const ran = await stack.run(destroy);
    await stack.must(["state", "unprotect", "--all", "--yes"]);
    const after = await kept(sandbox);
    const gone = [...before.instances.keys()].filter((name) => !after.instances.has(name));
    return {
      said: `destroy, with ${typeOf(resource)} ${nameOf(resource)} protected`,
      ran: [ran],
      allows: { instances: gone, address: before.addresses.length > after.addresses.length },
    };
  },

  async "stack rename and back"({ stack }, random) {
    const ran = [await stack.run(["stack", "rename", "renamed"])];
    if (ran[0]!.code === 0) {
      if (random.chance(0.7)) ran.push(await stack.run([...up, "--stack", "renamed"]));
      ran.push(await stack.run(["stack", "rename", stack.name, "--stack", "renamed"]));
    }
    return { said: "stack rename and back", ran };
  },

  async "state delete"(sandbox, random) {
    const resource = any(sandbox, random);
    const dependents = random.chance(0.5) ? ["--target-dependents"] : [];
    const ran = await sandbox.stack.run(["state", "delete", resource.urn, "--yes", ...dependents]);
    return {
      said: `state delete ${typeOf(resource)} ${nameOf(resource)} ${dependents.join("")}`.trim(),
      ran: [ran],
      allows: anew(resource),
    };
  },

  async "state move and back"(sandbox, random) {
    const { stack, checkout } = sandbox;
    // A component stays where it was as well, and so what it holds does not come back.
    const resource = random.pick(stack.resources().filter(({ id }) => id !== undefined));
    const settings = (of: string) => join(checkout, `Pulumi.${of}.yaml`);
    copyFileSync(settings(stack.name), settings("other"));
    const move = (from: string, to: string) =>
      stack.run(["state", "move", "--source", from, "--dest", to, "--yes", ...urnsIn(from)]);
    // The URN has the stack's name.
    const urnsIn = (of: string) => [resource.urn.replace(`:${stack.name}::`, `:${of}::`)];
    const ran = [await stack.run(["stack", "init", "other"])];
    ran.push(await move(stack.name, "other"));
    if (ran[1]!.code === 0 && random.chance(0.5)) ran.push(await stack.run(up));
    if (ran[1]!.code === 0) ran.push(await move("other", stack.name));
    ran.push(await stack.run(["stack", "rm", "other", "--yes", "--force"]));
    rmSync(settings("other"), { force: true });
    return { said: `state move ${typeOf(resource)} ${nameOf(resource)} and back`, ran, allows: anew(resource) };
  },

  async import(sandbox, random) {
    const resource = random.pick(sandbox.stack.resources().filter(({ type }) => type.startsWith("pulumi-nodejs:")));
    const name = random.pick([nameOf(resource), "imported"]);
    const args = ["import", resource.type, name, resource.id!, ...options, "--generate-code=false", "--protect=false"];
    await sandbox.stack.run(args);
    // Pulumi's SDK refuses it by a TypeError of its own: a dynamic resource has no provider before its program has run.
    return { said: `import ${typeOf(resource)} as ${name}`, ran: [] };
  },

  async settings(sandbox, random) {
    const { what, ...typed } = await changed(sandbox, random, () => sandbox.stack.run(up));
    return { said: `settings ${what}`, ...typed };
  },

  async "settings that are refused"({ stack, checkout, zone }, random) {
    const file = join(checkout, `Pulumi.${stack.name}.yaml`);
    const before = readFileSync(file, "utf8");
    const settings = random.pick(bad);
    stack.configure(settings);
    const calls = await zone.calls();
    const ran = await stack.run(up);
    writeFileSync(file, before);
    const said = `settings ${JSON.stringify(settings)}`;
    if (ran.code === 0) throw new Error(`${said} are accepted`);
    const made = (await zone.calls()) - calls;
    if (made > 0) throw new Error(`${said} are refused after ${made} calls to the API`);
    return { said, ran: [ran] };
  },

  async "by hand"(sandbox, random) {
    const { name, allows } = await changeByHand(sandbox, random);
    return { said: name, ran: [], allows, isByHand: true };
  },

  async "small disk"(sandbox, random) {
    const free = random.int(1, 600);
    let what = "";
    let typed: Pick<Typed, "ran" | "allows"> = { ran: [] };
    await withSmallDisk(join(sandbox.checkout, ".local/state"), free, async () => {
      ({ what, ...typed } = await changed(sandbox, random, () => sandbox.stack.run(up)));
    });
    // Whatever the CLI says when its disk is full is its own.
    return { said: `${free} KiB free for the state, settings ${what}`, ran: [], allows: typed.allows };
  },

  async killed(sandbox, random) {
    const how = random.pick(
      Object.keys(interruptions).filter((name) => name.startsWith("SIGKILL")),
    ) as InterruptionName;
    const moment = momentOf(random, 12);
    const { what, allows } = await changed(sandbox, random, () => interrupted(sandbox, up, how, moment));
    return { said: `${how} after line ${moment.lines} and ${moment.delay} ms, settings ${what}`, ran: [], allows };
  },

  async "two at once"(sandbox, random) {
    const { what, ran, allows } = await changed(sandbox, random, async () => {
      const [one, two] = await Promise.all([sandbox.stack.run(up), sandbox.stack.run(up)]);
      if (one.code !== 0 && two.code !== 0) throw new Error(`two runs at once, and none went through:\n${one.output}`);
      return one.code === 0 ? two : one;
    });
    return { said: `two at once, settings ${what}`, ran, allows };
  },

  async "bad API"(sandbox, random) {
    const faults = badFaults(random).filter(({ kind }) => kind !== "operation-hangs");
    const { what, ran, allows } = await changed(sandbox, random, async () => {
      await sandbox.zone.addFaults(faults);
      const run = await sandbox.stack.run(up, { env: hurry });
      await sandbox.zone.clearFaults();
      return run;
    });
    return { said: `bad API, settings ${what}`, ran, allows };
  },
};
