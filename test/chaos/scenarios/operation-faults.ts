import { check } from "../check.ts";
import { expectLegible } from "../legible.ts";
import type { Verdict } from "../scenarios.ts";
import type { ChaosSandbox } from "../sandbox.ts";
import { followAdvice } from "./advice.ts";
import { hurry } from "./bad-api.ts";
import { operations, type OperationName } from "./operations.ts";

/** A command that calls each operation of the API. */
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

/** Every operation fails once and hangs once. */
export const operationFaultNames = Object.keys(askers).flatMap((route) => [`${route} fails`, `${route} hangs`]);

/**
 * One operation of the API fails or never ends: the run succeeds or ends with an error, and the next run, or what its
 * error says to do, repairs it.
 */
export async function operationFault(sandbox: ChaosSandbox, which: string): Promise<Verdict> {
  const [route, what] = which.split(" ") as [string, "fails" | "hangs"];
  const { at, args, settings } = operations[askers[route]!];
  await sandbox.begin(at);
  sandbox.stack.configure(settings);
  await sandbox.zone.addFaults([{ kind: `operation-${what}`, route, count: 1 }]);
  const { code, output } = await sandbox.stack.run(args, { env: hurry });
  if (code !== 0) {
    expectLegible(output);
    const next = await sandbox.stack.run(args, { env: hurry });
    if (next.code !== 0) {
      expectLegible(next.output);
      await followAdvice(sandbox, args, next.output);
    }
  }
  await check(sandbox, args);
  return code === 0 ? "right" : "repaired";
}
