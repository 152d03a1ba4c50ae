import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createHash, X509Certificate } from "node:crypto";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNetwork, type NetworkOptions } from "./index.ts";
import { probe } from "./probe.ts";
import { run } from "../command.ts";
import { Bed } from "./testing/bed.ts";
import { elasticIp, inventoryOf } from "./testing/environment.ts";

const bridge = "exoservices0";
const subnet = "198.19.160.0/20";
const gateway = "198.19.160.1";
const runtime = `/run/exoscale-network-${bridge}`;

const inventory = inventoryOf({});
const bed = new Bed({ bridge, subnet, gateway });
const log: string[] = [];
let directory: string;
let options: NetworkOptions;
let network: ReturnType<typeof createNetwork>;

/** Without this type in Accept, the registry answers in an older format. */
const manifestType = "application/vnd.docker.distribution.manifest.v2+json";

/** Gzipped bytes, which a server must not decompress or change. */
const archive = Buffer.from("1f8b08000000000000034bcf4f0100e0a0eb5703000000", "hex");

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "exoscale-network-"));
  const store = join(directory, "cache");
  await mkdir(join(store, "files/dl.example.org/release"), { recursive: true });
  await writeFile(join(store, "files/dl.example.org/release/tool.tar.gz"), archive);
  await writeFile(join(store, "files/.hidden"), "secret");
  await mkdir(join(directory, "template"));
  await writeFile(join(directory, "template/rootfs.tar"), "rootfs");
  await fillRegistry(join(store, "registry"));
  // As in a checkout: a link to the cache.
  await symlink(store, join(directory, "mirror"));
  await bed.open();
  options = {
    state: join(directory, "state"),
    inventory,
    bridge,
    subnet,
    gateway,
    mirror: join(directory, "mirror"),
    template: join(directory, "template"),
    log: (line) => log.push(line),
  };
  network = createNetwork(options);
  await network.open();
});

afterAll(async () => {
  await network?.close();
  await bed.close();
  await rm(directory, { recursive: true, force: true });
});

const get = async (
  port: number,
  path: string,
  method = "GET",
): Promise<{ status: number; body: Buffer; headers: Record<string, unknown> }> => {
  const call = request({
    host: gateway,
    port,
    path,
    method,
    agent: false,
    headers: { accept: manifestType },
    ca: await readFile(join(options.state, "ca.pem")),
  }).end();
  const [response] = await once(call, "response");
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(await response.toArray()) };
};

test("the mirror serves upstream's bytes under upstream's names", async () => {
  const { status, body, headers } = await get(8443, "/dl.example.org/release/tool.tar.gz");
  expect([status, body, headers["content-encoding"]]).toEqual([200, archive, undefined]);
  expect((await get(8443, "/template/rootfs.tar")).body.toString()).toBe("rootfs");
});

test.each([
  "/",
  "/dl.example.org",
  "/dl.example.org/",
  "/nothing",
  "/.hidden",
  "/../registry",
  "/%2e%2e/registry",
  "/template/../files",
  "/%00",
])("the mirror has nothing at %s", async (path) => expect((await get(8443, path)).status).toBeGreaterThanOrEqual(400));

test("the mirror cannot be written to", async () => {
  expect((await get(8443, "/dl.example.org/release/tool.tar.gz", "PUT")).status).toBe(405);
});

test("the registry serves the prepared images, and takes none", async () => {
  const { status, body } = await get(5000, `/v2/registry.example.org/group/image/manifests/v1`);
  expect([status, JSON.parse(body.toString()).schemaVersion]).toEqual([200, 2]);
  expect((await get(5000, `/v2/registry.example.org/group/image/blobs/${digest(blob)}`)).body).toEqual(blob);
  expect((await get(5000, "/v2/registry.example.org/group/image/blobs/uploads/", "POST")).status).toBe(405);
});

test("the zone's CA has signed for the gateway's address; keys are their owner's alone", async () => {
  const file = (name: string): string => join(options.state, name);
  const [ca, server] = [
    new X509Certificate(await readFile(file("ca.pem"))),
    new X509Certificate(await readFile(file("server.pem"))),
  ];
  expect(ca.ca && !server.ca && server.checkIssued(ca) && server.verify(ca.publicKey)).toBe(true);
  expect(server.checkIP(gateway)).toBe(gateway);
  for (const name of ["ca.key", "server.key"]) expect((await stat(file(name))).mode & 0o777).toBe(0o600);
  const probed = (tlsSkipVerify: boolean): Promise<boolean> =>
    probe(
      {
        mode: "https",
        port: 8443,
        uri: "/template/rootfs.tar",
        interval: 5,
        timeout: 2,
        strikesOk: 1,
        strikesFail: 1,
        tlsSkipVerify,
      },
      gateway,
      gateway,
      new AbortController().signal,
    );
  expect([await probed(true), await probed(false)]).toEqual([true, false]);
});

test("reverse DNS follows the inventory", async () => {
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([gateway]);
  const named = async (reverseDns: string | undefined): Promise<string[]> => {
    inventory.elasticIps.set("api", { ...elasticIp("api", "198.19.175.9"), reverseDns });
    await network.apply();
    return resolver.reverse("198.19.175.9").catch((error: NodeJS.ErrnoException) => [error.code ?? ""]);
  };
  expect(await named("api.example.org")).toEqual(["api.example.org"]);
  expect(await named("other.example.org")).toEqual(["other.example.org"]);
  expect(await named(undefined)).toEqual(["ENOTFOUND"]);
  inventory.elasticIps.clear();
  await network.apply();
});

test("a process that ends is started again", async () => {
  const [before] = await pids();
  process.kill(before!, "SIGKILL");
  let after = before;
  for (const deadline = Date.now() + 5000; after === before && Date.now() < deadline; await sleep(50))
    [after] = await pids();
  expect(after).not.toBe(before);
  expect(log.at(-1)).toMatch(/^dns: dnsmasq ended, starting it again; the last line of its log: .*dns\.log\)$/);
});

test("after a crash a new daemon takes over; close leaves nothing", async () => {
  const ca = await readFile(join(options.state, "ca.pem"), "utf8");
  await network.close();
  // A separate process opens one and is killed.
  const script = `
    import { createNetwork } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
    await createNetwork({ ...${JSON.stringify({ ...options, inventory: undefined })}, log: () => {},
      inventory: { instances: new Map(), securityGroups: new Map(), templates: new Map(), privateNetworks: new Map(), elasticIps: new Map([["e", {
        id: "e", address: "198.19.175.1", labels: {}, healthcheck: { mode: "tcp", port: 1, interval: 9, timeout: 1, strikesOk: 1, strikesFail: 1 } }]]) },
    }).open();
    process.kill(process.pid, "SIGKILL");`;
  await expect(execa(process.execPath, ["--input-type=module", "--eval", script])).rejects.toMatchObject({
    signal: "SIGKILL",
  });
  const left = await pids();
  expect(left.length).toBe(2);
  expect(await run("ip", ["route", "show", "table", "local", "dev", bridge])).toContain("198.19.175.1");

  network = createNetwork(options);
  await network.open();
  expect(await Promise.all(left.map(lives))).toEqual([false, false]);
  expect(await run("ip", ["route", "show", "table", "local", "dev", bridge])).not.toContain("198.19.175.1");
  expect(await readFile(join(options.state, "ca.pem"), "utf8")).toBe(ca);

  const running = await pids();
  await network.close();
  expect(await Promise.all(running.map(lives))).toEqual([false, false]);
  expect(await run("nft", ["list", "tables"])).not.toContain(bridge);
  await expect(readdir(runtime)).rejects.toThrow("ENOENT");
});

test("close ends what a crashed daemon left, without open", async () => {
  await network.open();
  const running = await pids();
  await createNetwork(options).close();
  expect(await Promise.all(running.map(lives))).toEqual([false, false]);
  await network.close();
});

test("a zone does not touch the network of another that lives", async () => {
  await network.open();
  const running = await pids();
  const script = `
    import { createNetwork } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
    await createNetwork({ ...${JSON.stringify({ ...options, inventory: undefined })}, log: () => {}, inventory: { instances: new Map(), privateNetworks: new Map() } }).open();`;
  await expect(execa(process.execPath, ["--input-type=module", "--eval", script])).rejects.toMatchObject({
    stderr: expect.stringContaining(`process ${process.pid} runs a zone on the bridge ${bridge}`),
  });
  expect(await pids()).toEqual(running);
  expect(await run("nft", ["list", "tables"])).toContain(`table inet ${bridge}`);
  await network.close();
});

test("what is missing is named, and nothing is left half open", async () => {
  await expect(createNetwork({ ...options, bridge: "exonone0" }).open()).rejects.toThrow(
    "the zone's bridge exonone0 is not there",
  );
  await expect(createNetwork({ ...options, gateway: "198.19.160.9" }).open()).rejects.toThrow(
    "does not have the address 198.19.160.9",
  );
  const holder = createServer().listen(5000, gateway);
  await once(holder, "listening");
  await expect(createNetwork(options).open()).rejects.toThrow(
    new RegExp(
      `^port 5000 at 198.19.160.1, which the zone's registry needs, is taken by .* \\(process ${process.pid}\\): end it, or give the zone another --network$`,
    ),
  );
  holder.close();
  expect(await run("nft", ["list", "tables"])).not.toContain(bridge);
  const logged: string[] = [];
  const bare = createNetwork({
    ...options,
    mirror: join(directory, "nothing"),
    template: join(directory, "nothing"),
    log: (line) => logged.push(line),
  });
  await bare.open();
  await bare.close();
  expect(logged).toContain("mirror: no directory to serve files and images from, so nodes need upstream's");
});

const pids = (): Promise<number[]> =>
  Promise.all(
    ["dns.pid", "registry.pid"].map(async (name) =>
      Number((await readFile(join(runtime, name), "utf8").catch(() => "0")).split(" ")[0]),
    ),
  );

/** True if a process exists and is not a zombie. */
const lives = async (pid: number): Promise<boolean> =>
  /^State:\s+[^Z]/m.test(await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""));

const blob = Buffer.from("a layer");
const digest = (bytes: Buffer | string): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Writes one image in docker-registry's file system layout. */
async function fillRegistry(root: string): Promise<void> {
  const config = Buffer.from("{}");
  const descriptor = (bytes: Buffer, mediaType: string): object => ({
    mediaType,
    size: bytes.length,
    digest: digest(bytes),
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor(config, "application/vnd.docker.container.image.v1+json"),
      layers: [descriptor(blob, "application/vnd.docker.image.rootfs.diff.tar.gzip")],
    }),
  );
  const base = join(root, "docker/registry/v2");
  const repository = join(base, "repositories/registry.example.org/group/image");
  const put = async (path: string, content: Buffer | string): Promise<void> => {
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, content);
  };
  for (const bytes of [config, blob, manifest]) {
    const hex = digest(bytes).slice("sha256:".length);
    await put(join(base, "blobs/sha256", hex.slice(0, 2), hex, "data"), bytes);
    if (bytes !== manifest) await put(join(repository, "_layers/sha256", hex, "link"), digest(bytes));
  }
  const hex = digest(manifest).slice("sha256:".length);
  await put(join(repository, "_manifests/revisions/sha256", hex, "link"), digest(manifest));
  await put(join(repository, "_manifests/tags/v1/current/link"), digest(manifest));
  await put(join(repository, "_manifests/tags/v1/index/sha256", hex, "link"), digest(manifest));
}
