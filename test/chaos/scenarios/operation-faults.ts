import { check } from "../check.ts";
import { expectLegible } from "../legible.ts";
import type { Verdict } from "../lines.ts";
import type { World } from "../environment.ts";
import { followAdvice } from "./advice.ts";
import { hurry } from "./bad-api.ts";
import { operations, type OperationName } from "./operations.ts";

/** What asks the API for each of its operations. */
const askers: Readonly<Record<string, OperationName>> = {
  "register-template": "up",
  "register-ssh-key": "up",
  "create-anti-affinity-group": "up",
  "create-security-group": "up",
  "add-rule-to-security-group": "up",
  "create-elastic-ip": "up",
  "create-instance": "up",
  "attach-instance-to-elastic-ip": "up",
  "start-instance": "up",
  "update-instance": "change in place",
  "reboot-instance": "change in place",
  "delete-rule-from-security-group": "change in place",
  "stop-instance": "resize",
  "scale-instance": "resize",
  "resize-instance-disk": "resize",
  "reset-instance": "change of machines",
  "delete-instance": "scale down",
  "detach-instance-from-elastic-ip": "destroy",
  "delete-elastic-ip": "destroy",
  "delete-security-group": "destroy",
  "delete-anti-affinity-group": "destroy",
  "delete-ssh-key": "destroy",
  "delete-template": "destroy",
};

/** Every operation, failing once and hanging once. */
export const operationFaultNames = Object.keys(askers).flatMap((route) => [`${route} fails`, `${route} hangs`]);

/**
 * One operation of the API fails, or hangs for ever: the run ends right or with an error, and the next one, or what
 * its error says, repairs.
 */
export async function operationFault(world: World, which: string): Promise<Verdict> {
  const [route, what] = which.split(" ") as [string, "fails" | "hangs"];
  const { at, args, settings } = operations[askers[route]!];
  await world.begin(at);
  world.stack.configure(settings);
  await world.zone.addFaults([{ kind: `operation-${what}`, route, count: 1 }]);
  const { code, output } = await world.stack.run(args, { env: hurry });
  if (code !== 0) {
    expectLegible(output);
    const next = await world.stack.run(args, { env: hurry });
    if (next.code !== 0) {
      expectLegible(next.output);
      await followAdvice(world, args, next.output);
    }
  }
  await check(world, args);
  return code === 0 ? "right" : "repaired";
}
