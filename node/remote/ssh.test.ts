import ssh2 from "ssh2";
import { expect, test } from "vitest";

import { ssh, SshError } from "./ssh.ts";
import { fakeNode } from "./testing/ssh-server.ts";

test("returns a command's output and exit code", async () => {
  await using node = await fakeNode(() => ({ code: 3, output: "etcd: 2 of 3\n" }));
  await expect(ssh(node.target, "health")).resolves.toEqual({ code: 3, output: "etcd: 2 of 3" });
  expect(node.commands).toEqual(["health"]);
});

test("keeps only the end of a long output", async () => {
  await using node = await fakeNode(() => ({ code: 0, output: `${"x".repeat(50_000)}the end` }));
  const { output } = await ssh(node.target, "journalctl");
  expect(output).toHaveLength(4_096);
  expect(output.endsWith("the end")).toBe(true);
});

test("accepts no other host key", async () => {
  await using node = await fakeNode(() => ({ code: 0 }));
  const other = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 }).public;
  const error = await ssh({ ...node.target, hostKey: other }, "health").catch((error: unknown) => error);
  expect(error).toBeInstanceOf(SshError);
  expect(error).toMatchObject({ message: "SSH to core@127.0.0.1: the host key is not the one this cluster gave it" });
  expect(node.commands).toEqual([]);
});

test("stops waiting for a command after its timeout", async () => {
  await using node = await fakeNode(() => "hangs");
  await expect(ssh(node.target, "health", 300)).rejects.toThrow("`health` did not end within 0.3 s");
});

test("says why a node cannot be reached", async () => {
  const node = await fakeNode(() => ({ code: 0 }));
  await expect(ssh({ ...node.target, user: "root" }, "health")).rejects.toThrow(
    "SSH to root@127.0.0.1: All configured authentication methods failed",
  );
  await expect(ssh({ ...node.target, privateKey: "none" }, "health")).rejects.toThrow(/Cannot parse privateKey/);
  await node[Symbol.asyncDispose]();
  await expect(ssh(node.target, "health")).rejects.toThrow(/SSH to core@127.0.0.1: .*ECONNREFUSED/);
});
