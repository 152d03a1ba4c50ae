import { expect, test } from "vitest";
import { ownPorts } from "../../ports.ts";
import { byName } from "../testing/engine.ts";
import { addons } from "./testing/addons.ts";

// test/node/admission.host.test.ts has what a real API makes of them.
test("a policy refuses Services with externalIPs and any port of the nodes' own, whatever the node's role", async () => {
  const { spec } = byName(await addons(6), "ValidatingAdmissionPolicy")["dev-node-guard-services"];
  const [{ expression }] = spec.validations;
  for (const { port, protocol } of [...ownPorts.masters, ...ownPorts.workers]) {
    const [, list] = new RegExp(`'${protocol.toUpperCase()}' && port.port in \\[([^\\]]*)\\]`).exec(expression)!;
    expect(list!.split(", ")).toContain(String(port));
  }
});

test("each policy is bound, and denies", async () => {
  const resources = await addons(6);
  const policies = byName(resources, "ValidatingAdmissionPolicy");
  const bindings = byName(resources, "ValidatingAdmissionPolicyBinding");
  expect(Object.keys(bindings)).toEqual(Object.keys(policies));
  for (const [name, { spec }] of Object.entries(bindings))
    expect(spec).toMatchObject({ policyName: policies[name].metadata.name, validationActions: ["Deny"] });
});
