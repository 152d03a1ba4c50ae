/** `--replace` of the resources themselves, by the calls that Pulumi's engine makes for it. */
import { expect, test, vi } from "vitest";

import type { ClaimInputs } from "../../exoscale/claim.ts";
import type { providers } from "../../provider/handlers.ts";
import { Resource, openEnvironment, plain, sshRule, type Environment } from "./environment.ts";

type Providers = typeof providers;
type Thing = Resource<{ name: string }>;

/** The resource providers as a run of Pulumi has them: in a process of their own. */
async function run(): Promise<Providers> {
  vi.resetModules();
  return (await import("../../provider/handlers.ts")).providers;
}

const code = { __provider: "code" };

/** What the engine does with a resource that the program has and that is not replaced. */
async function keep(of: Providers, { kind, identity, inputs, outs }: Resource<object>): Promise<void> {
  await of[kind].check({ ...plain(inputs), ...code }, { ...plain(inputs), ...code });
  await of[kind].diff(identity, { ...plain(outs), ...code }, { ...plain(inputs), ...code });
}

/** The new one, which is found; the old one is still to be deleted. */
async function replace(of: Providers, { kind, identity, inputs }: Resource<object>): Promise<void> {
  await of[kind].check({}, { ...plain(inputs), ...code });
  expect(await of[kind].create({ ...plain(inputs), ...code })).toMatchObject({ id: identity });
}

const remove = (of: Providers, { kind, identity, outs }: Resource<object>): Promise<void> =>
  of[kind].delete(identity, { ...plain(outs), ...code });

const names = ({ left }: Environment): unknown[] => left().filter((name) => name !== "default");

test.each(["template", "securityGroup", "antiAffinityGroup", "elasticIp"] as const)(
  "of a resource of kind %s is refused, and the next run is not: the thing lives until it is not wanted",
  async (kind) => {
    await using environment = await openEnvironment();
    const thing: Thing = await (environment[kind]() as unknown as Thing).create();
    const first = await run();
    await replace(first, thing);
    await expect(remove(first, thing)).rejects.toThrow(
      new RegExp(`${thing.inputs.name} was not touched: .*(without --replace goes on|--replace '\\*\\*:Claim::\\*-)`),
    );
    // What is left to be deleted, also by a run that was killed.
    const next = await run();
    await keep(next, thing);
    await remove(next, thing);
    expect(names(environment)).toEqual([thing.inputs.name]);
    // The program has it no more: a refresh's look at it does not keep it.
    const last = await run();
    await last[kind].read(thing.identity, { ...plain(thing.outs), ...code });
    await last[kind].diff(thing.identity, { ...plain(thing.outs), ...code }, { ...plain(thing.inputs), ...code });
    await remove(last, thing);
    expect(names(environment)).toEqual([]);
  },
);

test("of a group's rules leaves them as they are", async () => {
  await using environment = await openEnvironment();
  const group = await environment.securityGroup().create();
  const rules = await environment.rules(group.id, [sshRule]).create();
  const before = environment.state.securityGroups.get(group.id);
  const first = await run();
  await replace(first, rules);
  await remove(first, rules);
  const next = await run();
  await keep(next, rules);
  await remove(next, rules);
  expect(environment.state.securityGroups.get(group.id)).toBe(before);
});

test.each(["template", "securityGroup", "antiAffinityGroup", "elasticIp"] as const)(
  "of a claim, in this run or the one before, leaves what it is for: %s",
  async (kind) => {
    await using environment = await openEnvironment();
    const claim = new Resource<ClaimInputs>("claim", {
      api: environment.api,
      of: kind,
      name: "kube",
      keepers: { url: "one" },
      uses: [],
    });
    await claim.create();
    const thing = environment[kind]("kube") as unknown as Resource<{ name: string; token: string }>;
    thing.inputs = { ...thing.inputs, token: claim.identity };
    await thing.create();
    const of = await run();
    await of.claim.check({}, { ...plain(claim.inputs), ...code });
    await remove(of, claim);
    expect(names(environment)).toEqual(["kube"]);
    // Another one took its place: what carries its token is a leftover.
    const next = await run();
    await next.claim.check({}, { ...plain({ ...claim.inputs, keepers: { url: "two" } }), ...code });
    await remove(next, claim);
    expect(names(environment)).toEqual([]);
  },
);

test.each(["clusterShape", "clusterOrigin"] as const)("of %s is refused before it is forgotten", async (kind) => {
  await using environment = await openEnvironment();
  const { api } = environment;
  const inputs = { api, cluster: "kube", zone: "local-1", podCIDR: "10.244.0.0/16", serviceCIDR: "10.96.0.0/16" };
  const thing = await new Resource<object>(kind, { ...inputs, masters: 3 }).create();
  const of = await run();
  await of[kind].check({}, { ...plain(thing.inputs), ...code });
  await expect(remove(of, thing)).rejects.toThrow(/was not touched: it remembers what the cluster began with/);
  // A destroy is none.
  await remove(await run(), thing);
});

test("a preview says of a node what its program asks for, and not what a refresh or a destroy looks at", async () => {
  await using environment = await openEnvironment();
  const { instance } = await environment.surroundings();
  const machine = await instance().create();
  const boot = await environment.boot(machine.id).create();
  const news = { ...plain({ ...boot.inputs, userData: "IyE=" }), ...code };
  const olds = { ...plain(boot.outs), ...code };
  const said = vi.spyOn(console, "log").mockReturnValue();
  const of = await run();
  await of.boot.diff(boot.identity, olds, news);
  expect(said).not.toHaveBeenCalled();
  await of.boot.check({ ...plain(boot.inputs), ...code }, news);
  await of.boot.diff(boot.identity, olds, news);
  expect(said).toHaveBeenCalledExactlyOnceWith("kube-master-1 will be drained and rebooted.");
  said.mockRestore();
});
