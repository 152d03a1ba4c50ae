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
  expect(error).toMatchObject({
    message: "SSH to core@127.0.0.1: the host key is not the one this cluster gave it",
    failure: "host key",
  });
  expect(node.commands).toEqual([]);
});

test("accepts either host key while one replaces the other", async () => {
  await using node = await fakeNode(() => ({ code: 0, output: "done" }));
  const { target } = node;
  const other = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 }).public;
  for (const hostKey of [`${target.hostKey}\n${other}`, `${other}\n${target.hostKey}\n`])
    expect(await ssh({ ...target, hostKey }, "true")).toEqual({ code: 0, output: "done" });
  await expect(ssh({ ...target, hostKey: `${other}\n${other}` }, "true")).rejects.toThrow("host key is not the one");
});

test("logs in with the ECDSA key of a release before", async () => {
  const keys = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  await using node = await fakeNode(() => ({ code: 0, output: "done" }), keys);
  expect(await ssh(node.target, "true")).toEqual({ code: 0, output: "done" });
});

test("gives a command its input", async () => {
  await using node = await fakeNode(() => ({ code: 0, output: "done" }));
  expect((await ssh(node.target, "bash -s", 5_000, "echo done\n")).output).toBe("done");
  expect(node.inputs).toEqual(["echo done\n"]);
});

test("stops waiting for a command after its timeout", async () => {
  await using node = await fakeNode(() => "hangs");
  await expect(ssh(node.target, "health", 300)).rejects.toMatchObject({
    message: "SSH to core@127.0.0.1: `health` did not end within 0.3 s",
    failure: "command",
  });
});

test("says why a node cannot be reached", async () => {
  const node = await fakeNode(() => ({ code: 0 }));
  await expect(ssh({ ...node.target, user: "root" }, "health")).rejects.toMatchObject({
    message: "SSH to root@127.0.0.1: All configured authentication methods failed",
    failure: "login",
  });
  await expect(ssh({ ...node.target, privateKey: "none" }, "health")).rejects.toThrow(/Cannot parse privateKey/);
  await node[Symbol.asyncDispose]();
  await expect(ssh(node.target, "health")).rejects.toMatchObject({
    message: expect.stringMatching(/SSH to core@127.0.0.1: .*ECONNREFUSED/),
    failure: "connection",
  });
});
