/** The script that writes Secrets again, against an etcd and an apiserver that keep them in memory. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, expect, test } from "vitest";

const directory = mkdtempSync(join(tmpdir(), "rewrite-"));
afterAll(() => rmSync(directory, { recursive: true }));

const prefix = (key: string): string => `k8s:enc:secretbox:v1:${key}:`;
const bodyOf = async (request: IncomingMessage): Promise<string> => (await request.toArray()).join("");

/** A master with these Secrets, `NAMESPACE/NAME` and the key that encrypted each. */
async function master(secrets: Readonly<Record<string, string>>, { refused = "", silent = 0 } = {}) {
  const stored = new Map(
    Object.entries(secrets).map(([name, key]) => [
      `/registry/secrets/${name}`,
      // Long, and no text at all behind the prefix.
      Buffer.concat([Buffer.from(key === "" ? '{"kind":"Secret"}' : prefix(key)), Buffer.alloc(3_000, 0xc3)]),
    ]),
  );
  const rewritten: string[] = [];
  let unanswered = silent;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    if (request.url === "/v3/kv/range") {
      if (unanswered-- > 0) return void response.writeHead(503).end();
      const text = (base64: string) => Buffer.from(base64, "base64").toString();
      const { key, range_end: end, limit } = JSON.parse(body) as Record<"key" | "range_end" | "limit", string>;
      const found = [...stored.keys()].sort().filter((name) => name >= text(key) && name < text(end));
      const kvs = found.slice(0, Number(limit)).map((name) => ({
        key: Buffer.from(name).toString("base64"),
        value: stored.get(name)!.toString("base64"),
      }));
      return void response.end(JSON.stringify({ ...(kvs.length > 0 && { kvs }), more: found.length > kvs.length }));
    }
    const [, namespace, name] = /^\/api\/v1\/namespaces\/([^/]+)\/secrets\/([^/]+)$/.exec(request.url!)!;
    const object = JSON.stringify({ metadata: { namespace, name } });
    if (request.method !== "PUT") return void response.end(object);
    if (name === refused) return void response.writeHead(403).end();
    expect(body).toBe(object);
    rewritten.push(`${namespace}/${name}`);
    stored.set(`/registry/secrets/${namespace}/${name}`, Buffer.from(`${prefix("new")}anew`));
    response.end();
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  // The node's own `call`, without TLS.
  writeFileSync(
    join(directory, "common"),
    `ETCD_PORT=${port} API_PORT=${port}\ncall() { curl --silent --show-error --fail "\${3/https:/http:}" "\${@:4}"; }\nsleep() { :; }\n`,
  );
  const script = readFileSync(join(import.meta.dirname, "rewrite-secrets"), "utf8").replace(
    "/run/kubernetes/bin/common",
    join(directory, "common"),
  );
  return {
    rewritten,
    run: () => execa("bash", ["-s", "new"], { input: script, all: true, reject: false }),
    [Symbol.asyncDispose]: async () => void (server.close(), server.closeAllConnections()),
  };
}

test("every Secret that another key encrypted, or none, is written again, and no other", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 65 }, (_, i) => [`default/secret-${i}`, i % 3 === 0 ? "new" : "key1"]),
  );
  await using node = await master({ ...many, "kube-system/clear": "", "kube-system/new-name": "news" });
  expect(await node.run()).toMatchObject({ exitCode: 0, all: "every Secret is encrypted with new" });
  const expected = Object.keys(many).filter((_, i) => i % 3 !== 0);
  expect(node.rewritten.sort()).toEqual([...expected, "kube-system/clear", "kube-system/new-name"].sort());
  // Nothing is left to do.
  expect((await node.run()).exitCode).toBe(0);
  expect(node.rewritten).toHaveLength(expected.length + 2);
});

test("one that is refused is named, the others are written, and a second run has that one left", async () => {
  await using node = await master({ "a/one": "key1", "b/two": "key1", "c/three": "new" }, { refused: "one" });
  for (let run = 0; run < 2; run++) {
    const { exitCode, all } = await node.run();
    expect(exitCode).toBe(1);
    expect(all.split("\n").at(-1)).toBe("not encrypted with new after 5 attempts: a/one ");
  }
  expect(node.rewritten).toEqual(["b/two"]);
});

test("an etcd that does not answer at first is asked again, one that never does is no success", async () => {
  await using slow = await master({ "a/one": "key1" }, { silent: 2 });
  expect((await slow.run()).exitCode).toBe(0);
  await using dead = await master({ "a/one": "key1" }, { silent: 100 });
  expect((await dead.run()).exitCode).toBe(1);
  expect(dead.rewritten).toEqual([]);
});

test("a cluster without Secrets is done", async () => {
  await using node = await master({});
  expect((await node.run()).exitCode).toBe(0);
});
