/**
 * Stacks of earlier releases are taken over by this checkout. Each release has a folder with three masters and three workers
 * that it made without machines: the stack's configuration, Pulumi's state and the zone's. `record.ts` writes it once, and
 * it is never written again. CHANGES.md says what a new release changes in a stack, and so does this test.
 */
import { hkdfSync } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { decodeUserData } from "../../exoscale/user-data.ts";
import { ports } from "../../ports.ts";
import { clientOf, type Client } from "../../zone/testing/client.ts";
import { startApi, type TestApi } from "../../zone/testing/zone.ts";
import { makeCheckout } from "../sandbox/checkout.ts";
import { Stack, type Ran } from "../sandbox/stack.ts";
import { passphrase, port, stackName } from "./recording.ts";

const masters = ["prod-master-1", "prod-master-2", "prod-master-3"];
const workers = ["prod-worker-1", "prod-worker-2", "prod-worker-3"];

/** What this checkout does with the stack of a release. */
interface Expected {
  /** Steps of the preview. */
  readonly changes: readonly string[];
  /** Names of the keys in a master's EncryptionConfiguration: the first one goes on writing. */
  readonly secretKeys: readonly string[];
}

/**
 * What each release's stack gets: files on nodes, rules for each other's node ports, keys for what reads what others write on
 * masters, a certificate with another name for each worker and one more for each master, the password of infra-etcd's root, and
 * a health check at a port of its own.
 */
const changed = [
  ...masters.flatMap((name) => [
    `create CertRequest ${name}-infra-etcd-json`,
    `create LocallySignedCert ${name}-infra-etcd-json`,
    ...["infra-etcd", "scheduler"].flatMap((leaf) => [
      `create PrivateKey ${name}-${leaf}`,
      `replace CertRequest ${name}-${leaf}`,
      `replace LocallySignedCert ${name}-${leaf}`,
    ]),
  ]),
  ...workers.flatMap((name) => [
    `create CertRequest ${name}-infra-etcd`,
    `replace LocallySignedCert ${name}-infra-etcd`,
  ]),
  "create RandomPassword prod-infra-etcd",
  "create ClusterKeys prod",
  "create ElasticIpHealthcheck prod-api",
  "create PodSecurity prod",
  "create SecretsKey prod",
  ...[...masters, ...workers].map((name) => `update Boot ${name}`),
  ...["masters", "workers"].map((group) => `update SecurityGroupRules prod-${group}`),
];

const releases: Readonly<Record<string, Expected>> = {
  "1.36.4": {
    changes: ["create ClusterOrigin prod", "create RandomPassword prod-encryption-key", ...changed],
    secretKeys: ["key1", "random"],
  },
  "1.36.4+1": {
    changes: changed,
    secretKeys: ["random", "key1"],
  },
};

/** A resource as `pulumi stack export` shows it. */
interface Exported {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

interface Instance {
  readonly id: string;
  readonly name: string;
  readonly "public-ip": string;
}

const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** A secret output in clear: `stack export` wraps its JSON. */
function secret({ outputs = {} }: Exported, name: string): string {
  const { plaintext } = outputs[name] as { plaintext: string };
  return JSON.parse(plaintext) as string;
}

/** Every private key and where it stands. */
const keysOf = (resources: ReadonlyMap<string, Exported>): Record<string, string> =>
  Object.fromEntries(
    [...resources.values()]
      .filter(({ type }) => type === "tls:index/privateKey:PrivateKey")
      .map((resource) => [resource.urn, secret(resource, "privateKeyPem")]),
  );

describe.each(Object.entries(releases))("a stack of %s", (release, expected) => {
  const recorded = join(import.meta.dirname, release);
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "compatibility-")));
  const checkout = join(directory, "main");
  const stack = new Stack(stackName, checkout, join(directory, "commands.log"));
  let zone: TestApi;
  let client: Client;

  async function pulumi(...args: string[]): Promise<Ran> {
    const env = {
      PULUMI_CONFIG_PASSPHRASE: passphrase,
      EXOSCALE_API_KEY: zone.key,
      EXOSCALE_API_SECRET: zone.secret,
    };
    return stack.run([...args, "--non-interactive"], { env });
  }

  async function must(...args: string[]): Promise<string> {
    const { code, output } = await pulumi(...args);
    expect(code, output).toBe(0);
    return output;
  }

  /** The state with its secrets in clear, by URN. */
  async function exported(): Promise<Map<string, Exported>> {
    const { deployment } = JSON.parse(await must("stack", "export", "--show-secrets")) as {
      deployment: { resources: Exported[] };
    };
    return new Map(deployment.resources.map((resource) => [resource.urn, resource]));
  }

  /** Instances by name: id and address. */
  async function instances(): Promise<Record<string, string>> {
    const { instances: all } = (await client.get("/instance")) as { instances: Instance[] };
    return Object.fromEntries(all.map((each) => [each.name, `${each.id} ${each["public-ip"]}`]));
  }

  async function cloudConfig(name: string): Promise<string> {
    const { instances: all } = (await client.get("/instance")) as { instances: Instance[] };
    const { id } = all.find((each) => each.name === name)!;
    const { "user-data": userData } = (await client.get(`/instance/${id}`)) as { "user-data": string };
    return decodeUserData(userData);
  }

  let keys: Record<string, string>;
  let before: Record<string, string>;

  beforeAll(async () => {
    makeCheckout(checkout);
    cpSync(join(recorded, "Pulumi.prod.yaml"), join(checkout, "Pulumi.prod.yaml"));
    cpSync(join(recorded, "state"), join(checkout, ".local/state"), { recursive: true });
    cpSync(join(recorded, "zone"), join(directory, "zone"), { recursive: true });
    zone = await startApi({ state: join(directory, "zone"), port });
    client = clientOf(zone);
    keys = keysOf(await exported());
    before = await instances();
  });
  afterAll(async () => {
    await zone.close();
    rmSync(directory, { recursive: true });
  });

  // Each test goes on where the one before it ended.

  test("what was recorded is a whole cluster", () => {
    expect(Object.keys(before).sort()).toEqual([...masters, ...workers]);
    expect(Object.keys(keys)).toHaveLength(18);
  });

  test("a preview replaces certificates alone, deletes nothing, and changes what CHANGES.md says", async () => {
    const { steps } = JSON.parse(await must("preview", "--json")) as { steps: { op: string; urn: string }[] };
    const changes = steps
      .filter(({ op }) => op !== "same")
      .map(({ op, urn }) => `${op} ${urn.split("::").slice(-2).join(" ").split(":").at(-1)}`);
    expect(changes.sort()).toEqual([...expected.changes].sort());
  });

  test("`apiSources` is not narrowed as long as health checks may need it, and nothing else is touched", async () => {
    const former = (await must("config", "get", "--path", "apiSources[0]")).trim();
    await must("config", "set", "--path", "apiSources[0]", "203.0.113.9/32");
    const { code, output } = await pulumi("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(output).toMatch(/prod-masters was not changed: elastic IP prod-api asks .* at port 6443/);
    await must("config", "set", "--path", "apiSources[0]", former);
  });

  test("an update keeps every instance, address and key", async () => {
    await must("up", "--yes", "--skip-preview");
    expect(await instances()).toEqual(before);
    expect(keysOf(await exported())).toMatchObject(keys);
  });

  test("its elastic IP asks masters where those of this release answer; then `apiSources` may be one address", async () => {
    const { "elastic-ips": all } = (await client.get("/elastic-ip")) as { "elastic-ips": object[] };
    expect(all).toMatchObject([{ healthcheck: { mode: "tcp", port: ports.apiHealth } }]);
    await must("config", "set", "--path", "apiSources[0]", "203.0.113.9/32");
    await must("up", "--yes", "--skip-preview");
    const { "security-groups": groups } = (await client.get("/security-group")) as {
      "security-groups": { rules?: { network?: string; "start-port"?: number }[] }[];
    };
    const rules = groups.flatMap(({ rules = [] }) => rules).filter((rule) => rule["start-port"] === ports.apiserver);
    expect(rules.flatMap(({ network }) => network ?? [])).toEqual(["203.0.113.9/32"]);
  });

  test("the key that encrypted Secrets goes on writing, and every master can read what either writes", async () => {
    const resources = [...(await exported()).values()];
    const pem =
      keys[resources.find(({ type, urn }) => type.endsWith(":PrivateKey") && nameOf(urn) === "prod-encryption")!.urn]!;
    const derived = Buffer.from(hkdfSync("sha256", pem, "", "Secrets in kubernetes-etcd", 32)).toString("base64");
    for (const master of masters) {
      const [, names] = /keys: \[(.*)\]/.exec(await cloudConfig(master))!;
      const keys = [...names!.matchAll(/name: "?([a-z0-9]+)"?, secret: "?([^"},]+)/g)];
      expect(keys.map(([, name]) => name)).toEqual(expected.secretKeys);
      expect(Object.fromEntries(keys.map(([, name, secret]) => [name, secret]))).toEqual({
        key1: derived,
        random: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) as string,
      });
    }
  });

  test("after it a preview is clean", async () => {
    const { code, output } = await pulumi("preview", "--expect-no-changes");
    expect(code, output).toBe(0);
  });

  test("and a refresh finds nothing to change", async () => {
    const { code, output } = await pulumi("preview", "--refresh", "--expect-no-changes");
    expect(code, output).toBe(0);
  });

  test("no key is in clear in the state", () => {
    const state = readFileSync(stack.file, "utf8");
    expect(state).not.toContain("PRIVATE KEY");
  });

  test("a worker more comes, and a destroy leaves nothing", async () => {
    await must("config", "set", "desiredWorkers", "4");
    await must("up", "--yes", "--skip-preview");
    expect(await instances()).toEqual({ ...before, "prod-worker-4": expect.any(String) as string });
    await must("destroy", "--yes", "--skip-preview");
    expect(await instances()).toEqual({});
  });
});
