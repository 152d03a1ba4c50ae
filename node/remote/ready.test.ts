import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { readiness, type KubernetesAccess } from "./ready.ts";
import { fakeNode } from "./testing/ssh-server.ts";

const directory = mkdtempSync(join(tmpdir(), "ready-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** A certificate that signed itself, as authority, server and client at once. @param name Of its files. */
function certificate(name: string): { cert: string; key: string } {
  const [cert, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  const made =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=kube -addext subjectAltName=IP:127.0.0.1";
  execFileSync("openssl", [...made.split(" "), "-out", cert, "-keyout", key], { stdio: "ignore" });
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}
const good = certificate("good");
const other = certificate("other");

const node = (status: string) => ({ status: { conditions: [{ type: "Ready", status }] } });

/** An apiserver. @param answer Status code and body; undefined for none. */
async function apiserver(answer: readonly [code: number, body: unknown] | undefined, tls = good) {
  const asked: string[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer(
    { ...tls, ca: good.cert, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      asked.push(`${(request.socket as TLSSocket).authorized ? "administrator" : "nobody"} ${request.url}`);
      if (answer) response.writeHead(answer[0]).end(JSON.stringify(answer[1]));
    },
  );
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const access: KubernetesAccess = {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: good.cert,
    ...good,
  };
  return {
    access,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Masters that this machine cannot reach over SSH. */
async function silentMasters() {
  const gone = await fakeNode(() => "breaks");
  await gone[Symbol.asyncDispose]();
  return gone.target;
}

test.each(["True", "False", "Unknown"])("the API tells it where SSH is closed: %s", async (status) => {
  await using api = await apiserver([200, node(status)]);
  expect(await readiness("kube-worker-1", await silentMasters(), api.access)).toEqual({ status });
  expect(api.asked).toEqual(["administrator /api/v1/nodes/kube-worker-1"]);
});

test("the way that answers is not kept waiting by the one that does not", async () => {
  await using api = await apiserver([200, node("True")]);
  await using masters = await fakeNode(() => "hangs");
  const start = performance.now();
  expect(await readiness("kube-worker-1", masters.target, api.access)).toEqual({ status: "True" });
  expect(performance.now() - start).toBeLessThan(8_000);
});

test.each<[what: string, answer: readonly [number, unknown] | undefined, reason: RegExp]>([
  ["has too much to do", [429, {}], /^https:\/\/127\.0\.0\.1:\d+: 429 Too Many Requests$/],
  ["has no server", [503, {}], /: 503 Service Unavailable$/],
  ["does not know the node", [404, {}], /: 404 Not Found$/],
  ["has no condition of it", [200, { status: {} }], / does not tell$/],
  ["answers something else", [200, "hello"], / does not tell$/],
  ["does not answer", undefined, /: no answer within 8 s$/],
])("an API that %s is no evidence", { timeout: 20_000 }, async (_what, answer, reason) => {
  await using api = await apiserver(answer);
  expect(await readiness("kube-worker-1", await silentMasters(), api.access)).toEqual({
    reason: expect.stringMatching(reason),
  });
});

test("a certificate that this machine does not take is no evidence, and masters are still asked", async () => {
  await using api = await apiserver([200, node("False")], other);
  expect(await readiness("kube-worker-1", await silentMasters(), api.access)).toEqual({
    reason: expect.stringMatching(/self-signed certificate/),
  });
  await using masters = await fakeNode(() => ({ code: 0, output: "True" }));
  expect(await readiness("kube-worker-1", masters.target, api.access)).toEqual({ status: "True" });
});

test("without access only masters are asked", async () => {
  await using masters = await fakeNode(() => ({ code: 0, output: "Unknown" }));
  expect(await readiness("kube-worker-1", masters.target)).toEqual({ status: "Unknown" });
  expect(await readiness("kube-worker-1", await silentMasters())).toEqual({
    reason: expect.stringContaining("ECONNREFUSED"),
  });
});
