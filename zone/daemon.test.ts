/** The daemon as a process of its own: crashes, restarts, and its command line. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { typeByName } from "./api/catalog.ts";
import { loadCredentials } from "./credentials.ts";
import { clientOf, type Client } from "./testing-client.ts";

const zone = join(import.meta.dirname, "../bin/zone");
let state: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "zone-daemon-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(state, { recursive: true, force: true });
});

const flags = (...more: string[]) => ["--machines=none", `--state=${state}`, "--listen=127.0.0.1:0", "--operation-delay=20", ...more];

async function start(): Promise<{ client: Client; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "cli/main.ts"), "run", ...flags()], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  children.push(child);
  const report = await new Promise<any>((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the daemon ended with ${code}`)));
  });
  if (report.error) throw new Error(report.error);
  return {
    client: clientOf({ ...loadCredentials(state), url: report.url }),
    kill: () => new Promise((resolve) => {
      child.removeAllListeners("exit").once("exit", () => resolve());
      child.kill("SIGKILL");
    }),
  };
}

async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return promisify(execFile)(zone, args, { cwd: "/" }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
  );
}

const template = { name: "t", url: "https://example.com/i", checksum: "0".repeat(32), "ssh-key-enabled": true, "password-enabled": false };
const instance = (image: string) => ({ "disk-size": 10, "instance-type": { id: typeByName("standard.small")!.id }, template: { id: image } });

describe("a daemon that is killed under load", () => {
  it("has lost nothing that it acknowledged", { timeout: 60_000 }, async () => {
    /** What was acknowledged: path to whether it is there. */
    const truth = new Map<string, boolean>();
    const operations: string[] = [];
    let { client, kill } = await start();
    const image = await client.operate("POST", "/template", template);

    for (let round = 0; round < 3; round++) {
      let going = true;
      const ask = async (path: string, exists: boolean, method: string, body?: object): Promise<string> => {
        // While it is under way, nobody can say: only the answer makes it true.
        if (method === "DELETE") truth.delete(path);
        const answer = await client.call(method, method === "DELETE" ? path : path.replace(/\/\{id\}$/, ""), body);
        if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.message}`);
        operations.push(answer.body.id);
        const made = path.replace("{id}", answer.body.reference.id);
        truth.set(made, exists);
        return made;
      };
      const load = Array.from({ length: 6 }, async (_, worker) => {
        for (let n = 0; going; n++) {
          const group = await ask("/security-group/{id}", true, "POST", { name: `${round}-${worker}-${n}` });
          const vm = await ask("/instance/{id}", true, "POST", instance(image));
          if (n % 2 === 0) await ask(group, false, "DELETE");
          if (n % 3 === 0) await ask(vm, false, "DELETE");
        }
      });
      const ended = Promise.allSettled(load);
      await new Promise((resolve) => setTimeout(resolve, 400 + Math.random() * 400));
      await kill();
      going = false;
      const failed = (await ended).filter((end) => end.status === "rejected" && !/fetch failed|terminated/.test(String(end.reason)));
      expect(failed).toEqual([]);

      ({ client, kill } = await start());
      for (const id of operations.splice(0)) {
        const operation = await client.finished(await client.get(`/operation/${id}`));
        expect(["success", "failure:interrupted"]).toContain(operation.state === "success" ? "success" : `${operation.state}:${operation.reason}`);
      }
      for (const [path, exists] of truth) {
        const { status, body } = await client.call("GET", path);
        expect(status, path).toBe(exists ? 200 : 404);
        if (exists && path.startsWith("/instance/")) expect(body.state, path).toBe("running");
      }
    }
    expect(truth.size).toBeGreaterThan(50);
    const { instances } = await client.get("/instance");
    expect(new Set(instances.map((one: any) => one["public-ip"])).size).toBe(instances.length);
  });
});

describe("bin/zone", () => {
  it("starts a zone, keeps it, shows it, and removes it", { timeout: 60_000 }, async () => {
    const up = await cli("up", ...flags());
    expect(up).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Zone local-1 runs: API at http:\/\/127\.0\.0\.1:\d+\/v2, no machines, 0 instances/) });
    const { url, pid, securityGroups } = JSON.parse((await cli("status", `--state=${state}`, "--json")).stdout);
    expect(securityGroups).toMatchObject([{ name: "default" }]);
    expect(readFileSync(join(state, "zone.pid"), "utf8")).toBe(`${pid}\n`);
    expect(statSync(join(state, "admin.sock")).mode & 0o777).toBe(0o600);
    expect((await fetch(`${url}/zone`)).status).toBe(200);

    const client = clientOf({ ...loadCredentials(state), url });
    const image = await client.operate("POST", "/template", template);
    const id = await client.operate("POST", "/instance", { ...instance(image), name: "master-1" });
    expect((await cli("status", `--state=${state}`)).stdout).toMatch(/^master-1\s+running\s+standard\.small\s+198\.18\.1\.1\s+-\s+default\s+/m);
    expect((await cli("kill", "nobody", `--state=${state}`))).toMatchObject({ code: 1, stderr: "zone: there is no instance nobody\n" });
    expect((await cli("kill", "master-1", `--state=${state}`)).code).toBe(0);
    expect((await client.get(`/instance/${id}`)).state).toBe("stopped");
    expect((await cli("console", "master-1", `--state=${state}`)).code).toBe(0);

    const { stdout: faults } = await cli("fault", "rate-limit", "--route=list-zones", "--count=1", `--state=${state}`);
    expect(JSON.parse(faults)).toMatchObject([{ kind: "rate-limit", route: "list-zones", count: 1 }]);
    expect((await fetch(`${url}/zone`)).headers.get("retry-after")).toBe("1");
    expect((await cli("fault", `--state=${state}`)).stdout).toBe("[]\n");
    expect((await cli("fault", "nonsense", `--state=${state}`)).code).toBe(1);

    expect((await cli("up", ...flags())).stdout).toMatch(/^Zone local-1 runs already: .* 1 instance,/);
    expect((await cli("up", ...flags("--network=198.19.0.0/16"))).stderr).toContain("end it first with bin/zone down");

    expect(await cli("down", `--state=${state}`)).toMatchObject({ code: 0, stdout: "Zone local-1 is gone.\n" });
    expect(existsSync(state)).toBe(false);
    expect((await cli("down", `--state=${state}`)).stdout).toBe(`There is no zone on ${state}.\n`);
    expect((await cli("status", `--state=${state}`)).code).toBe(1);
  });

  it("removes what a killed daemon has left", { timeout: 60_000 }, async () => {
    const { kill } = await start();
    await kill();
    expect((await cli("up", ...flags("--network=198.19.0.0/16"))).stderr).toContain("was made with --network=198.18.0.0/16");
    expect(await cli("down", `--state=${state}`)).toMatchObject({ code: 0, stdout: expect.stringContaining("what it left is gone") });
    expect(existsSync(state)).toBe(false);
  });

  it("says what is in the way", { timeout: 60_000 }, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const busy = await cli("up", ...flags(`--listen=127.0.0.1:${port}`));
    expect(busy).toMatchObject({ code: 1, stderr: `zone: cannot listen on 127.0.0.1:${port}: another program listens there: end it, or choose another address with --listen\n` });
    server.close();
    expect((await cli("up", ...flags("--network=10.0.0.0/30"))).stderr).toContain("give a /22 or larger");
    rmSync(state, { recursive: true });
    mkdirSync(state);
    writeFileSync(join(state, "diary"), "");
    expect((await cli("up", ...flags())).stderr).toContain("give --state a directory of its own");
    expect((await cli("down", `--state=${state}`)).stdout).toBe(`There is no zone on ${state}.\n`);
    expect(existsSync(join(state, "diary"))).toBe(true);
    expect((await cli("up", ...flags("--mirror=/nowhere"))).stderr).toContain("There is no directory /nowhere");
  });
});
