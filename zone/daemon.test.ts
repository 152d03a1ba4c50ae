/** The daemon as a process of its own, and its command line. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import ssh2 from "ssh2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { ZoneStatus } from "./admin-client.ts";
import { loadCredentials } from "./credentials.ts";
import { clientOf, instanceBody, templateBody as template, type Json } from "./testing/client.ts";
import { daemonFlags, startDaemon } from "./testing/daemon.ts";

const zone = join(import.meta.dirname, "../bin/zone");
let state: string;

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "zone-daemon-"));
});
afterEach(() => {
  rmSync(state, { recursive: true, force: true });
});

const flags = (...more: string[]) => [...daemonFlags(state), ...more];

async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return promisify(execFile)(zone, args, { cwd: "/" }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
  );
}

describe("bin/zone", () => {
  it("starts a zone, keeps it, shows it, and removes it", async () => {
    const up = await cli("up", ...flags());
    expect(up).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^Zone local-1 runs: API at http:\/\/127\.0\.0\.1:\d+\/v2, no machines, 0 instances/,
      ),
    });
    const { url, pid, securityGroups } = JSON.parse((await cli("status", `--state=${state}`, "--json")).stdout);
    expect(securityGroups).toMatchObject([{ name: "default" }]);
    expect(readFileSync(join(state, "zone.pid"), "utf8")).toBe(`${pid}\n`);
    expect(statSync(join(state, "admin.sock")).mode & 0o777).toBe(0o600);
    expect((await fetch(`${url}/zone`)).status).toBe(200);

    const client = clientOf({ ...loadCredentials(state), url });
    const image = await client.operate("POST", "/template", template);
    const id = await client.operate("POST", "/instance", instanceBody(image, { name: "master-1" }));
    expect((await cli("status", `--state=${state}`)).stdout).toMatch(
      /^master-1\s+running\s+standard\.small\s+198\.18\.1\.1\s+-\s+default\s+/m,
    );
    const elastic = await client.operate("POST", "/elastic-ip", {
      description: "api",
      healthcheck: { mode: "https", port: 6443, uri: "/readyz" },
    });
    await client.operate("PUT", `/elastic-ip/${elastic}:attach`, { instance: { id } });
    const lan = await client.operate("POST", "/private-network", {
      name: "lan",
      "start-ip": "10.0.0.1",
      "end-ip": "10.0.0.9",
      netmask: "255.0.0.0",
    });
    await client.operate("PUT", `/private-network/${lan}:attach`, { instance: { id } });
    const { stdout: tables } = await cli("status", `--state=${state}`);
    expect(tables).toMatch(new RegExp(`^198\\.18\\.255\\.1 +https:6443/readyz +master-1 +api +${elastic}$`, "m"));
    expect(tables).toMatch(new RegExp(`^lan +10\\.0\\.0\\.1-10\\.0\\.0\\.9 +master-1=10\\.0\\.0\\.1 +${lan}$`, "m"));

    for (const verb of ["pause", "resume"]) expect((await cli(verb, "master-1", `--state=${state}`)).code).toBe(0);
    expect((await cli("update", `--state=${state}`)).stdout).toBe("Version 9999.0.0 is announced to master-1.\n");
    expect((await cli("update", "master-1", `--state=${state}`)).stdout).toBe(
      "Version 9999.0.1 is announced to master-1.\n",
    );
    expect(JSON.parse((await cli("update", id, "--version=4.5.6", "--json", `--state=${state}`)).stdout)).toEqual({
      version: "4.5.6",
      instances: ["master-1"],
    });
    expect((await cli("update", "--version=$(id)", `--state=${state}`)).stderr).toContain("$(id) is not a version");

    expect(await cli("kill", "nobody", `--state=${state}`)).toMatchObject({
      code: 1,
      stderr: "zone: there is no instance nobody\n",
    });
    expect((await cli("kill", "master-1", `--state=${state}`)).code).toBe(0);
    expect((await client.get(`/instance/${id}`)).state).toBe("stopped");
    expect((await cli("pause", "master-1", `--state=${state}`)).stderr).toBe(
      "zone: instance master-1 is stopped, not running\n",
    );
    expect((await cli("update", `--state=${state}`)).stderr).toBe("zone: no instance is running\n");
    expect((await cli("update", "master-1", `--state=${state}`)).stderr).toContain("not running");
    expect((await cli("console", "master-1", `--state=${state}`)).code).toBe(0);

    const { stdout: faults } = await cli("fault", "rate-limit", "--route=list-zones", "--count=1", `--state=${state}`);
    expect(JSON.parse(faults)).toMatchObject([{ kind: "rate-limit", route: "list-zones", count: 1 }]);
    expect((await fetch(`${url}/zone`)).headers.get("retry-after")).toBe("1");
    expect((await cli("fault", `--state=${state}`)).stdout).toBe("[]\n");
    expect((await cli("fault", "nonsense", `--state=${state}`)).code).toBe(1);
    expect((await cli("fault", "slow", "--count=many", `--state=${state}`)).stderr).toContain("count: ");
    for (const kind of ["slow", "never-boots"]) await cli("fault", kind, "--route=create-instance", `--state=${state}`);
    const [slow] = JSON.parse((await cli("fault", `--state=${state}`)).stdout);
    expect(JSON.parse((await cli("fault", `--remove=${slow.id}`, `--state=${state}`)).stdout)).toMatchObject([
      { kind: "never-boots" },
    ]);
    expect((await cli("fault", `--remove=${slow.id}`, `--state=${state}`)).stderr).toContain("there is no fault");
    expect((await cli("fault", "--clear", `--state=${state}`)).stdout).toBe("[]\n");

    expect((await cli("up", ...flags())).stdout).toMatch(/^Zone local-1 runs already: .* 1 instance,/);
    expect((await cli("up", ...flags("--network=198.19.0.0/16"))).stderr).toContain("end it first with bin/zone down");

    expect(await cli("down", `--state=${state}`)).toMatchObject({ code: 0, stdout: "Zone local-1 is gone.\n" });
    expect(existsSync(state)).toBe(false);
    expect((await cli("down", `--state=${state}`)).stdout).toBe(`There is no zone on ${state}.\n`);
    expect((await cli("status", `--state=${state}`)).code).toBe(1);
  });

  it("has the name that it is given, and keeps it", async () => {
    const up = (...more: string[]) => cli("up", ...flags(...more));
    const running = async () => JSON.parse((await cli("status", `--state=${state}`, "--json")).stdout) as ZoneStatus;
    const crash = async () => {
      process.kill((await running()).pid, "SIGKILL");
      while ((await cli("status", `--state=${state}`)).code === 0);
    };
    expect((await up("--name=No name")).stderr).toContain(
      "Give lower-case letters, digits and hyphens, like ch-gva-2.",
    );

    expect((await up("--name=ch-gva-2")).stdout).toMatch(/^Zone ch-gva-2 runs: /);
    const { name, url, options } = await running();
    expect([name, options.name]).toEqual(["ch-gva-2", "ch-gva-2"]);
    expect((await cli("status", `--state=${state}`)).stdout).toMatch(/^Zone ch-gva-2 at /);
    expect(await (await fetch(`${url}/zone`)).json()).toMatchObject({
      zones: [{ name: "ch-gva-2", "api-endpoint": url }],
    });
    const client = clientOf({ ...loadCredentials(state), url });
    const image = await client.operate("POST", "/template", template);
    expect((await client.get(`/template/${image}`)).zones).toEqual(["ch-gva-2"]);
    expect((await up()).stdout).toMatch(/^Zone ch-gva-2 runs already: /);
    expect((await up("--name=ch-dk-2")).stderr).toContain("without --name=ch-dk-2: end it first with bin/zone down");

    await crash();
    expect((await up("--name=ch-dk-2")).stderr).toContain(
      "was made with --name=ch-gva-2: give that, or remove the zone",
    );
    expect((await up()).stdout).toMatch(/^Zone ch-gva-2 runs: /);

    await crash();
    // As a version without names wrote it.
    const { name: _name, ...unnamed } = options;
    writeFileSync(join(state, "zone.json"), JSON.stringify(unnamed));
    expect((await up("--name=ch-gva-2")).stderr).toContain("was made with --name=local-1");
    expect((await up()).stdout).toMatch(/^Zone local-1 runs: /);
    expect((await cli("down", `--state=${state}`)).stdout).toBe("Zone local-1 is gone.\n");
  });

  it("refuses what it is told to refuse", async () => {
    const up = (...more: string[]) => cli("up", ...flags(...more));
    expect((await up("--unauthorized-types=standard.gigantic")).stderr).toContain("no instance type standard.gigantic");
    expect((await up("--ssh-keys=dsa")).stderr).toContain("any, rsa-ed25519");
    expect((await up("--profile=kind")).stderr).toContain("default, strict");
    const strict = [
      "--address=after-start",
      "--attach=after-start",
      "--ssh-keys=rsa-ed25519",
      "--unauthorized-types=cpu.huge,standard.titan",
    ];
    expect((await up(...strict)).code).toBe(0);
    const { url } = JSON.parse((await cli("status", `--state=${state}`, "--json")).stdout) as ZoneStatus;
    const client = clientOf({ ...loadCredentials(state), url });
    const { "instance-types": types } = await client.get("/instance-type");
    const closed = types.filter(({ authorized }: Json) => !authorized);
    expect(closed.map(({ family, size }: Json) => `${family}.${size}`)).toEqual([
      "standard.titan",
      "cpu.huge",
      "standard.colossus",
    ]);
    const { public: key } = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
    expect((await client.call("POST", "/ssh-key", { name: "key", "public-key": key })).status).toBe(400);
    const image = await client.operate("POST", "/template", template);
    const id = await client.operate("POST", "/instance", instanceBody(image, { "auto-start": false }));
    expect(await client.get(`/instance/${id}`)).not.toHaveProperty("public-ip");
    const address = await client.operate("POST", "/elastic-ip", {});
    const attached = await client.call("PUT", `/elastic-ip/${address}:attach`, { instance: { id } });
    expect(attached.status).toBe(409);
    expect((await up(...strict)).stdout).toContain("runs already");
    expect((await up()).stderr).toContain(
      "without --address=before-start --attach=before-start --ssh-keys=any --unauthorized-types=: end it first",
    );
    await cli("down", `--state=${state}`);
  });

  it("removes what a killed daemon has left", { timeout: 60_000 }, async () => {
    const daemon = startDaemon(state);
    await daemon.ready;
    await daemon.kill();
    expect((await cli("up", ...flags("--network=198.19.0.0/16"))).stderr).toContain(
      "was made with --network=198.18.0.0/16",
    );
    expect(await cli("down", `--state=${state}`)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("what it left is gone"),
    });
    expect(existsSync(state)).toBe(false);
  });

  it("says what is in the way", { timeout: 60_000 }, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const busy = await cli("up", ...flags(`--listen=127.0.0.1:${port}`));
    expect(busy).toMatchObject({
      code: 1,
      stderr: `zone: cannot listen on 127.0.0.1:${port}: another program listens there: end it, or choose another address with --listen\n`,
    });
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
