import { expect, test } from "vitest";

import { judge, waitUntilHealthy } from "./health.ts";
import { timeouts } from "../timeouts.ts";
import { fakeNode, type Shell } from "./testing/ssh-server.ts";

timeouts.recheck = 1;

const boot = "7f3c7f3c";

/** A node by what its two health checks say. */
function shell(
  node: { code: number; output?: string },
  cluster: { code: number; output?: string } = { code: 0 },
): Shell {
  return (command) => {
    if (command.endsWith("boot_id")) return { code: 0, output: `${boot}\n` };
    return command.endsWith("--cluster") ? cluster : node;
  };
}

test("a healthy node in a healthy cluster may go down", async () => {
  await using node = await fakeNode(shell({ code: 0 }));
  await expect(judge(node.target, "master")).resolves.toEqual({ kind: "go", bootId: boot });
});

test("unhealthy others are waited for", async () => {
  await using node = await fakeNode(shell({ code: 0 }, { code: 1, output: "etcd kube-master-2: no answer" }));
  await expect(judge(node.target, "master")).resolves.toEqual({
    kind: "wait",
    bootId: boot,
    reason: "etcd kube-master-2: no answer",
  });
});

test("a worker is asked about itself only", async () => {
  await using node = await fakeNode(shell({ code: 0 }, { code: 1 }));
  await expect(judge(node.target, "worker")).resolves.toEqual({ kind: "go", bootId: boot });
});

test("an unhealthy node is repaired, healthy others or not", async () => {
  await using node = await fakeNode(shell({ code: 1, output: "kubelet is dead" }, { code: 1 }));
  await expect(judge(node.target, "master")).resolves.toEqual({ kind: "repair", bootId: boot });
});

test("a short disturbance is no reason for a repair", async () => {
  let asked = 0;
  await using node = await fakeNode((command) => shell({ code: ++asked > 4 ? 0 : 1 })(command));
  await expect(judge(node.target, "master")).resolves.toMatchObject({ kind: "go" });
});

test("a node that does not answer is repaired", async () => {
  const node = await fakeNode(shell({ code: 0 }));
  await node[Symbol.asyncDispose]();
  await expect(judge(node.target, "master")).resolves.toEqual({ kind: "repair", bootId: undefined });
});

test("a rebooted node is healthy once it is in another boot and says so", async () => {
  let asked = 0;
  await using node = await fakeNode((command) => {
    asked++;
    if (command.endsWith("boot_id")) return { code: 0, output: asked > 1 ? "another" : boot };
    return { code: asked > 3 ? 0 : 1, output: "etcd starts" };
  });
  await waitUntilHealthy("kube-master-1", node.target, boot);
  expect(node.commands.map((command) => command.split("/").at(-1))).toEqual([
    "boot_id",
    "boot_id",
    "health --cordoned",
    "boot_id",
    "health --cordoned",
  ]);
});

test("a node that stays unhealthy is named, with its last lines", async () => {
  await using node = await fakeNode((command) =>
    command.endsWith("boot_id") ? { code: 0, output: "another" } : { code: 1, output: "etcd: no leader" },
  );
  await expect(waitUntilHealthy("kube-master-1", node.target, boot, 100)).rejects.toThrow(
    /^kube-master-1 is unhealthy 0 s after its reboot\. Last:\netcd: no leader\n/,
  );
  await using other = await fakeNode(() => ({ code: 0, output: boot }));
  await expect(waitUntilHealthy("kube-master-1", other.target, boot, 100)).rejects.toThrow("it has not gone down yet");
});
