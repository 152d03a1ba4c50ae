import { afterAll, beforeAll, expect, test } from "vitest";
import { request } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Instance } from "../types.ts";
import { answer, startMetadata, type MetadataService } from "./index.ts";
import { instanceWith } from "../testing/instance.ts";

const instance = (fields: Partial<Instance>): Instance =>
  instanceWith({
    id: "7b1ae9d6-6d7f-4d0c-8c3c-1b5d7b6f0001",
    name: "master-1",
    address: "127.0.0.2",
    mac: "06:00:7f:00:00:02",
    state: "running",
    publicKeys: ["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two\n"],
    ...fields,
  });

const gzipped = Buffer.from("1f8b0800000000000003ff", "hex");
const inventory = {
  instances: new Map(
    [
      instance({ userData: gzipped.toString("base64") }),
      instance({ id: "second", name: "worker-1", address: "127.0.0.3" }),
    ].map((one) => [one.id, one]),
  ),
};
let service: MetadataService;

beforeAll(async () => {
  service = await startMetadata({ inventory, address: "127.0.0.1", zone: "local-1" });
});
afterAll(() => service.close());

/** Asks as the instance that has the address. */
async function get(localAddress: string, path: string, method = "GET"): Promise<[number, string]> {
  const call = request({ host: "127.0.0.1", port: service.port, path, localAddress, agent: false, method }).end();
  const [response] = await once(call, "response");
  response.setEncoding("latin1");
  return [response.statusCode, await text(response)];
}

test("user-data is the bytes that the API got", async () => {
  for (const version of ["1.0", "latest"]) {
    expect(await get("127.0.0.2", `/${version}/user-data`)).toEqual([200, gzipped.toString("latin1")]);
  }
});

test("no user-data is an empty answer", async () => {
  expect(await get("127.0.0.3", "/latest/user-data")).toEqual([200, ""]);
});

test("user-data is read at each request", async () => {
  inventory.instances.set(
    "second",
    instance({ id: "second", address: "127.0.0.3", userData: btoa("#cloud-config\n") }),
  );
  expect(await get("127.0.0.3", "/latest/user-data")).toEqual([200, "#cloud-config\n"]);
});

test("a caller reads of itself alone, a stranger nothing", async () => {
  expect(await get("127.0.0.2", "/1.0/meta-data/public-ipv4")).toEqual([200, "127.0.0.2"]);
  expect(await get("127.0.0.3", "/1.0/meta-data/public-ipv4")).toEqual([200, "127.0.0.3"]);
  expect(await get("127.0.0.4", "/1.0/meta-data/public-ipv4")).toEqual([404, ""]);
});

test("nothing can be written", async () => {
  expect(await get("127.0.0.2", "/latest/user-data", "PUT")).toEqual([405, ""]);
});

const listing =
  "availability-zone\ncloud-identifier\ninstance-id\nlocal-hostname\nlocal-ipv4\npublic-hostname\npublic-ipv4\npublic-keys\nservice-offering\nvm-id\n";

test.each([
  ["/latest/meta-data/", listing],
  ["/latest/meta-data", listing],
  ["/latest/meta-data/instance-id", "7b1ae9d6-6d7f-4d0c-8c3c-1b5d7b6f0001"],
  ["/latest/meta-data/local-hostname", "master-1"],
  ["/latest/meta-data/availability-zone?x=1", "local-1"],
  ["/1.0/meta-data/service-offering", "standard.medium"],
  ["/1.0/meta-data/public-keys", "ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n"],
  ["/1.0/", "meta-data/\nuser-data\n"],
  ["/latest/meta-data/cloud-identifier", "CloudStack-{local-1}"],
  // Where Flatcar's script asks, and any other key beside it.
  ["/latest/public-keys", "ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n"],
  ["/1.0/local-ipv4", "127.0.0.2"],
  ["/latest", "meta-data/\nuser-data\n"],
  ["/latest?x=1", "meta-data/\nuser-data\n"],
  ["/latest/meta-datapublic-keys", undefined],
  ["/latest/meta-data/meta-data/instance-id", undefined],
  ["/latestmeta-data", undefined],
  ["/1.0/meta-data/nothing", undefined],
  ["/1.0/meta-data/instance-id/more", undefined],
  ["/2.0/user-data", undefined],
  ["/", undefined],
])("%s", (path, expected) => {
  expect(answer(path, instance({}), "local-1")).toBe(expected);
});
