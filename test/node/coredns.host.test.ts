/** The real CoreDNS with the add-on's Corefile and files of the cluster's owner. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Resolver } from "node:dns/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { byName } from "../../components/testing/engine.ts";
import { addons } from "../../components/addons/testing/addons.ts";
import { artifact } from "./machine.ts";

const directory = mkdtempSync(join(tmpdir(), "coredns-"));
const port = 10_053;
const resolver = new Resolver({ timeout: 500, tries: 1 });
resolver.setServers([`127.0.0.1:${port}`]);

let corefile: string;
let log = "";
/** As in the pod, without a cluster: other ports, and nothing that asks the Kubernetes API or another server. */
beforeAll(async () => {
  const { Corefile } = byName(await addons(6), "ConfigMap")["dev-coredns"].data as Record<string, string>;
  corefile = Corefile!
    .replace(/^ {4}(kubernetes|forward) [^}]*\}\n/gm, "")
    .replace(".:53", `.:${port}`)
    .replace(/^ {4}(ready|prometheus .*)\n/gm, "")
    .replace(/^ {4}health [^}]*\}\n/m, "")
    .replace("    reload\n", "    reload 2s 1s\n");
  writeFileSync(join(directory, "Corefile"), corefile);
  mkdirSync(join(directory, "custom"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const custom = (name: string, content: string) => writeFileSync(join(directory, "custom", name), content);

function start() {
  log = "";
  const child = spawn(join(artifact("coredns"), "coredns"), ["-conf", "Corefile"], { cwd: directory });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (log += text.toString()));
  return child;
}
const logged = (text: string) => expect.poll(() => log, { timeout: 15_000 }).toContain(text);
const resolved = (name: string) =>
  expect.poll(() => resolver.resolve4(name).catch(String), { timeout: 15_000, interval: 300 });

const zone = (address: string) =>
  `corp.example:${port} {\n    hosts {\n        ${address} www.corp.example\n    }\n}\n`;
const broken = `other.example:${port} {\n    nonsense\n}\n`;

test("zones and overrides of the owner are read while it runs; broken ones are refused, and what was stays", async () => {
  const dns = start();
  await logged("CoreDNS-");
  custom("corp.server", zone("192.0.2.7"));
  await resolved("www.corp.example").toEqual(["192.0.2.7"]);
  custom("one.override", "hosts {\n    192.0.2.8 one.example\n    fallthrough\n}\n");
  await resolved("one.example").toEqual(["192.0.2.8"]);

  custom("broken.server", broken);
  await logged("custom/broken.server:2 - Error during parsing: Unknown directive 'nonsense'");
  custom("corp.server", zone("192.0.2.9"));
  await sleep(4_000);
  await resolved("www.corp.example").toEqual(["192.0.2.7"]);
  custom("broken.server", zone("192.0.2.10").replaceAll("corp", "mended"));
  await resolved("www.corp.example").toEqual(["192.0.2.9"]);
  dns.kill("SIGTERM");
  await once(dns, "exit");
}, 90_000);

test("one that starts with a broken file names it and ends: the Deployment is not available, and its other pod serves", async () => {
  custom("broken.server", broken);
  const dns = start();
  const [code] = (await once(dns, "exit")) as [number];
  expect(code).not.toBe(0);
  expect(log).toContain("custom/broken.server:2");
}, 30_000);
