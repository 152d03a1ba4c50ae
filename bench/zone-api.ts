/** Latency of the local zone's API, empty and with 1,000 instances, over HTTP with signed requests. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import { runZone } from "../zone/daemon.ts";
import { clientOf, type Client } from "../zone/testing/client.ts";
import { loadCredentials } from "../zone/credentials.ts";
import { quantile, round, type Part, type PartOptions } from "./part.ts";

const INSTANCES = 1000;
const SAMPLES = 300;

export async function measure({ say }: PartOptions): Promise<Part> {
  const state = mkdtempSync(join(tmpdir(), "bench-zone-"));
  const zone = await runZone(
    { state, machines: "none", host: "127.0.0.1", port: 0, network: "198.18.0.0/16", networkName: "bench" },
    () => {},
  );
  const floor = await bareServer();
  try {
    const client = clientOf({ ...loadCredentials(state), url: zone.api.zone.url });
    const empty = await latencies(client);
    const { template, type } = await prerequisites(client);
    say(`creating ${INSTANCES} instances`);
    const started = performance.now();
    const limit = pLimit(20);
    const ids = await Promise.all(
      Array.from({ length: INSTANCES }, (_, n) =>
        limit(() =>
          client.operate("POST", "/instance", {
            name: `bench-${n}`,
            "instance-type": { id: type },
            template: { id: template },
            "disk-size": 50,
            labels: { n: String(n) },
            "user-data": Buffer.alloc(12_000, n).toString("base64"),
          }),
        ),
      ),
    );
    const creation = (performance.now() - started) / INSTANCES;
    const full = await latencies(client, ids[500]);
    const bare = await samples(SAMPLES, () => fetch(floor.url).then((response) => response.text()));
    const rows = Object.keys(full).map((call) => {
      const [few, many] = [empty[call], full[call]!];
      return [
        call,
        few === undefined ? "-" : round(quantile(few, 0.5), 2),
        round(quantile(many, 0.5), 2),
        round(quantile(many, 0.99), 2),
        round(quantile(many, 0.5) / quantile(bare, 0.5), 1),
      ];
    });
    return {
      title: `The zone's API with ${INSTANCES} instances (creation: ${round(creation, 1)} ms per instance, 20 at a time, until each runs)`,
      columns: [
        "call",
        "p50 empty, ms",
        `p50 with ${INSTANCES}, ms`,
        `p99 with ${INSTANCES}, ms`,
        "p50 / bare HTTP answer",
      ],
      rows,
      values: {
        instances: INSTANCES,
        creationMilliseconds: round(creation, 2),
        bareMilliseconds: round(quantile(bare, 0.5), 3),
        p50Milliseconds: Object.fromEntries(
          Object.entries(full).map(([call, values]) => [call, round(quantile(values, 0.5), 3)]),
        ),
      },
    };
  } finally {
    floor.close();
    await zone.remove();
    rmSync(state, { recursive: true, force: true });
  }
}

async function latencies(client: Client, instance?: string): Promise<Record<string, number[]>> {
  return {
    "GET /zone": await samples(SAMPLES, () => client.get("/zone")),
    "GET /instance-type": await samples(SAMPLES, () => client.get("/instance-type")),
    "GET /security-group": await samples(SAMPLES, () => client.get("/security-group")),
    ...(instance !== undefined && {
      "GET /instance/{id}": await samples(SAMPLES, () => client.get(`/instance/${instance}`)),
      "GET /instance?labels=n=500": await samples(SAMPLES, () =>
        client.get(`/instance?labels=${encodeURIComponent(JSON.stringify({ n: "500" }))}`),
      ),
      "PUT /instance/{id}": await samples(SAMPLES, () =>
        client.call("PUT", `/instance/${instance}`, { labels: { n: "500" } }),
      ),
    }),
    "GET /instance (all)": await samples(SAMPLES / 10, () => client.get("/instance")),
  };
}

async function prerequisites(client: Client): Promise<{ template: string; type: string }> {
  const template = await client.operate("POST", "/template", {
    name: "bench",
    url: "https://images.example/a.qcow2",
    checksum: "0123456789abcdef0123456789abcdef",
    "ssh-key-enabled": true,
    "password-enabled": false,
  });
  const { "instance-types": types } = (await client.get("/instance-type")) as {
    "instance-types": { id: string; family: string; size: string }[];
  };
  return {
    template,
    type: types.find(({ family, size }) => family === "standard" && size === "medium")!.id,
  };
}

/** Milliseconds of each of `count` calls, one after the other, after ten calls to warm up. */
async function samples(count: number, call: () => Promise<unknown>): Promise<number[]> {
  for (let n = 0; n < 10; n++) await call();
  const all: number[] = [];
  for (let n = 0; n < count; n++) {
    const started = performance.now();
    await call();
    all.push(performance.now() - started);
  }
  return all;
}

/** A bare HTTP server: its latency is the lower bound of every figure. */
async function bareServer(): Promise<{ url: string; close(): void }> {
  const server = createServer((_request, response) => response.end('{"ok":true}'));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => void server.close() };
}
