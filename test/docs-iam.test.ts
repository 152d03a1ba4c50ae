/** The rights that README gives the program's key: each operation it calls, and no other. */
import diagnostics from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";

import { expect, test } from "vitest";

import { iamPolicy, operationOf } from "../docs/generate/iam.ts";
import { encodeUserData } from "../exoscale/user-data.ts";
import { openEnvironment, type Environment } from "./provider/environment.ts";

test("docs/iam-policy.json allows what a cluster's life calls", async () => {
  const called = new Set<string>();
  const listen = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const { pathname } = new URL(request.path, "http://localhost");
    called.add(operationOf(request.method, pathname.replace(/^\/v2/, "")));
  };
  diagnostics.subscribe("http.client.request.start", listen);
  try {
    await using environment = await openEnvironment();
    await life(environment);
  } finally {
    diagnostics.unsubscribe("http.client.request.start", listen);
  }
  await expect(iamPolicy(called)).toMatchFileSnapshot("../docs/iam-policy.json");
});

/** One of everything: made, read, changed in each way that another call is made for, and deleted. */
async function life(environment: Environment): Promise<void> {
  const { all, instance, template, securityGroup, elasticIp } = await environment.surroundings();
  const other = await environment.securityGroup("kube-workers").create();
  const rules = await environment
    .rules(securityGroup.id, [
      { direction: "ingress", protocol: "tcp", startPort: 22, endPort: 22, network: "0.0.0.0/0", description: "ssh" },
    ])
    .create();
  const master = await instance().create();
  const boot = await environment.boot(master.id).create();
  for (const each of [...all, other, rules, master, boot]) await each.refresh();

  await template.update({ ...template.inputs, name: "renamed" });
  await elasticIp.update({ ...elasticIp.inputs, labels: { cluster: "other" } });
  const group = environment.state.securityGroups.get(securityGroup.id)!;
  environment.state.write((write) => write.put("securityGroups", { ...group, externalSources: ["192.0.2.0/24"] }));
  await rules.update({ ...rules.inputs, rules: [] });
  await master.update({ ...master.inputs, name: "renamed", securityGroups: [other.id], elasticIps: [] });
  await boot.update({ ...boot.inputs, userData: encodeUserData("#cloud-config\n# two\n") });
  await boot.update({ ...boot.inputs, type: "standard.large", diskSize: 60 });
  await boot.update({ ...boot.inputs, template: template.id, diskSize: 40 });

  for (const each of [boot, master, rules, other, ...all]) await each.delete();
  expect(environment.left()).toEqual(["default"]);
}
