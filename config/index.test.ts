import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { RunError } from "@pulumi/pulumi";
import { afterAll, describe, expect, test } from "vitest";
import { pulumiYaml } from "../docs/generate/pulumi-yaml.ts";
import { files, kubernetes } from "../versions.ts";
import { loadSettings } from "./index.ts";
import { schema } from "./schema.ts";

const directory = mkdtempSync(join(tmpdir(), "config-"));
afterAll(() => rmSync(directory, { recursive: true }));
const MD5 = "0123456789abcdef0123456789abcdef";
const required = {
  zone: "ch-gva-2",
  template: JSON.stringify({ url: "https://images.example/flatcar.qcow2", checksum: MD5 }),
  sshSources: '["203.0.113.7/32"]',
  apiSources: '["0.0.0.0/0"]',
};
const load = (values: Record<string, string> = {}, stack = "dev") =>
  loadSettings({ ...required, ...values }, stack, directory);
const complaint = (values: Record<string, string>, stack?: string): string => {
  try {
    load(values, stack);
  } catch (error) {
    expect(error).toBeInstanceOf(RunError);
    return (error as Error).message;
  }
  return "nothing";
};
const write = (name: string, content: string): string => {
  writeFileSync(join(directory, name), content);
  return name;
};

test("what is required is enough, the rest has its default", () => {
  expect(load()).toEqual({
    clusterName: "dev",
    zone: "ch-gva-2",
    apiEndpoint: "https://api-ch-gva-2.exoscale.com/v2",
    masters: 3,
    desiredWorkers: 3,
    removedWorkers: [],
    masterType: "standard.medium",
    workerType: "standard.medium",
    masterDisk: 50,
    workerDisk: 50,
    template: { url: "https://images.example/flatcar.qcow2", checksum: MD5, bootMode: "legacy" },
    podCIDR: "10.244.0.0/16",
    serviceCIDR: "10.96.0.0/16",
    sshSources: ["203.0.113.7/32"],
    apiSources: ["0.0.0.0/0"],
    nodePortSources: [],
    sshPublicKeys: [],
    masterRebootWindow: { start: "04:00", length: 3600 },
    workerRebootWindow: { start: "05:00", length: 3600 },
    timeZone: "UTC",
    maxUnavailable: 1,
    drainTimeout: 300,
    leafValidity: 8760,
    renewBefore: 720,
    caValidity: 87_600,
    caReplacement: 0,
    keyReplacement: 0,
    mirror: {},
    waitFor: "cluster",
  });
});

test("Pulumi.yaml has the settings as config/schema.ts describes them", async () => {
  await expect(pulumiYaml(readFileSync("Pulumi.yaml", "utf8"))).toMatchFileSnapshot("../Pulumi.yaml");
});

test("Pulumi.yaml's empty defaults count as not given", () => {
  expect(complaint({ zone: "", sshSources: "[]", apiSources: "[]", template: "{}" })).toBe(
    [
      "the configuration of stack dev cannot be used:",
      "  zone: is required",
      "    for example: pulumi config set zone ch-gva-2",
      "  template.url: is required",
      "    for example: pulumi config set --path template.url https://stable.release.flatcar-linux.net/amd64-usr/4757.2.0/flatcar_production_exoscale_image.qcow2",
      "  template.checksum: is required",
      "    for example: pulumi config set --path template.checksum flatcar_production_exoscale_image.qcow2.DIGESTS",
      "  sshSources: is required",
      "    for example: pulumi config set --path 'sshSources[0]' 203.0.113.7/32",
      "  apiSources: is required",
      "    for example: pulumi config set --path 'apiSources[0]' 0.0.0.0/0",
    ].join("\n"),
  );
});

test("every setting's example is accepted", () => {
  for (const [name, check] of Object.entries(schema.shape)) {
    const { example } = check.meta() as { example: unknown };
    expect(check.safeParse(example).error, name).toBeUndefined();
  }
});

test("a retired setting that changes nothing is accepted, and is a setting no more", () => {
  expect(load({ kubernetesVersion: kubernetes })).toEqual(load());
  expect(complaint({ kubernetesVersio: kubernetes })).not.toContain("did you mean kubernetesVersion?");
});

test("several mistakes are reported together", () => {
  const message = complaint(
    { masters: "2", timeZone: "Mars/Olympus", leafValidity: "1h", podCIDR: "10.96.0.0/17" },
    "Dev_1",
  );
  for (const where of ["masters", "timeZone", "renewBefore", "serviceCIDR", "stack name"])
    expect(message).toContain(`\n  ${where}: `);
});

describe.each<[string, Record<string, string>, string]>([
  [
    "a misspelt name",
    { desiredWorker: "5" },
    "desiredWorker: there is no setting desiredWorker, did you mean desiredWorkers?",
  ],
  ["a misspelt field", { mirror: '{"fles":"https://m"}' }, "mirror.fles: there is no field fles, did you mean files?"],
  ["a zone", { zone: "Geneva" }, "zone: must be a zone's name"],
  ["an endpoint", { apiEndpoint: "api.exoscale.com" }, "apiEndpoint: must be an http or https URL"],
  ["a number as a word", { desiredWorkers: "five" }, "desiredWorkers: must be a whole number from 0 to 1000"],
  [
    "a removed worker that never was",
    { desiredWorkers: "2", removedWorkers: '["dev-worker-9"]' },
    "removedWorkers[0]: dev-worker-9 is above all workers: with desiredWorkers 2 and 1 removed the highest is dev-worker-3",
  ],
  [
    "a removed master",
    { removedWorkers: '["dev-worker-2", "dev-master-1"]' },
    "removedWorkers[1]: must be a worker's name; masters cannot be removed",
  ],
  [
    "a removed worker of another stack",
    { removedWorkers: '["prod-worker-2"]' },
    "removedWorkers[0]: prod-worker-2 is no worker of this stack: their names are dev-worker-1 and so on",
  ],
  [
    "a removed number",
    { removedWorkers: "[2]" },
    "removedWorkers[0]: must be a worker's name; masters cannot be removed",
  ],
  [
    "a worker removed twice",
    { removedWorkers: '["dev-worker-2", "dev-worker-2"]' },
    "removedWorkers[1]: is the same as [0]",
  ],
  ["a number out of range", { workerDisk: "9" }, "workerDisk: must be a whole number from 10 to 51200"],
  [
    "a disk that is too large for its type",
    { workerType: "standard.tiny", workerDisk: "500" },
    "workerDisk: 500 GiB is more than the 400 GiB that Exoscale gives workerType standard.tiny; take a smaller disk",
  ],
  ["an even number of masters", { masters: "4" }, "masters: must be 1, 3 or 5"],
  ["a type", { workerType: "medium" }, "workerType: must be family.size"],
  ["a network with host bits", { podCIDR: "10.244.0.1/16" }, "podCIDR: must be an IPv4 network without host bits"],
  ["a source", { sshSources: '["0.0.0.0/0", "10.0.0.1"]' }, "sshSources[1]: must be an IPv4 network without host bits"],
  ["a source that is no list", { sshSources: "10.0.0.1/32" }, "sshSources: must be a list"],
  [
    "networks that overlap",
    { serviceCIDR: "10.244.128.0/20" },
    "serviceCIDR: 10.244.128.0/20 overlaps podCIDR 10.244.0.0/16",
  ],
  ["Docker's network", { podCIDR: "172.16.0.0/12" }, "podCIDR: 172.16.0.0/12 overlaps 172.17.0.0/16 (Docker's bridge)"],
  [
    "the metadata's network",
    { serviceCIDR: "169.254.0.0/20" },
    "serviceCIDR: 169.254.0.0/20 overlaps 169.254.0.0/16 (link-local addresses)",
  ],
  ["too small a pod network", { podCIDR: "10.244.0.0/23" }, "podCIDR: must be between /8 and /22"],
  [
    "more nodes than pod networks",
    { podCIDR: "10.244.0.0/21", desiredWorkers: "5" },
    "podCIDR: has a /24 for 7 nodes, masters and desiredWorkers make 8",
  ],
  ["too small a Service network", { serviceCIDR: "10.96.0.0/28" }, "serviceCIDR: must be between /12 and /24"],
  ["a public key", { sshPublicKeys: '["AAAA"]' }, "sshPublicKeys[0]: must be an OpenSSH public key line"],
  [
    "a window's start",
    { masterRebootWindow: '{"start":"4:00","length":"1h"}' },
    "masterRebootWindow.start: must be HH:MM",
  ],
  [
    "a window's length",
    { workerRebootWindow: '{"start":"04:00","length":"25h"}' },
    "workerRebootWindow.length: must be a Go duration from 1m to 24h",
  ],
  ["a time zone", { timeZone: "CEST+2" }, "timeZone: must be a time zone's IANA name"],
  ["a drain's limit", { drainTimeout: "5" }, "drainTimeout: must be a Go duration from 1s to 25m"],
  [
    "another version's setting",
    { kubernetesVersion: "v1.0.0" },
    `kubernetesVersion: this checkout makes clusters of ${kubernetes}; take the checkout of v1.0.0, or pulumi config rm kubernetesVersion`,
  ],
  ["half an hour of validity", { leafValidity: "1000h30m" }, "leafValidity: must be a Go duration of whole hours"],
  ["renewal before validity", { leafValidity: "720h" }, "renewBefore: must be shorter than leafValidity"],
  ["an authority that ends first", { caValidity: "8000h" }, "caValidity: must not be shorter than leafValidity"],
  [
    "a mirror's slash",
    { mirror: '{"files":"https://mirror.example/"}' },
    "mirror.files: must be an http or https URL without a slash",
  ],
  ["a missing file", { mirror: '{"ca":"nowhere.pem"}' }, `mirror.ca: ${join(directory, "nowhere.pem")} does not exist`],
  ["what to wait for", { waitFor: "nothing" }, "waitFor: must be cluster or instances"],
])("%s", (_, values, expected) => {
  test("is refused", () => {
    const message = complaint(values);
    expect(message).toContain(`\n  ${expected}`);
    expect(message.split("\n").length).toBeLessThanOrEqual(3);
  });
});

describe("files", () => {
  const sums = Object.values(files).map(({ address }) => [address, "a".repeat(64)] as const);
  const manifest = sums.map(([name, sum]) => `${sum}  ${name}\n`).join("");

  test("of a mirror are read", () => {
    const ca = `${rootCertificates[0]}\n${rootCertificates[1]}\n`;
    write("ca.pem", ca);
    write("SHA256SUMS", `${manifest}${"b".repeat(64)}  github.com/something/else\n`);
    const mirror = { files: "https://m.example", registries: "m.example:5000", ca: "ca.pem", checksums: "SHA256SUMS" };
    expect(load({ mirror: JSON.stringify(mirror) }).mirror).toEqual({
      ...mirror,
      ca,
      checksums: Object.fromEntries(sums),
    });
  });

  test("of a mirror must have what nodes fetch", () => {
    write("some", manifest.split("\n").slice(1).join("\n"));
    expect(complaint({ mirror: '{"checksums":"some"}' })).toContain(
      `mirror.checksums: some has no sha256 of ${sums[0]![0]}`,
    );
    write("empty.pem", "no certificate\n");
    expect(complaint({ mirror: '{"ca":"empty.pem"}' })).toContain("mirror.ca: empty.pem holds no PEM certificate");
    write("broken.pem", rootCertificates[0]!.replace(/\n.{40,}\n/, "\n"));
    expect(complaint({ mirror: '{"ca":"broken.pem"}' })).toContain(
      "mirror.ca: broken.pem has a certificate that cannot be read",
    );
    write("key.pem", `${rootCertificates[0]}\n-----BEGIN PRIVATE KEY-----\n`);
    expect(complaint({ mirror: '{"ca":"key.pem"}' })).toContain("mirror.ca: key.pem contains a private key");
  });

  test("tell a checksum by the image's name, in capitals and with Windows' line ends, too", () => {
    const url = "https://images.example/flatcar.qcow2";
    write("CAPITALS", `\ufeff${MD5.toUpperCase()} *flatcar.qcow2\r\n`);
    expect(load({ template: JSON.stringify({ url, checksum: "CAPITALS" }) }).template.checksum).toBe(MD5);
    expect(load({ template: JSON.stringify({ url, checksum: MD5.toUpperCase() }) }).template.checksum).toBe(MD5);
    expect(complaint({ template: JSON.stringify({ url, checksum: "a".repeat(64) }) })).toContain(
      "template.checksum: must be an MD5, which has 32 hex digits; this has 64, as a SHA-256",
    );
    expect(complaint({ template: JSON.stringify({ url: "https://images.example/", checksum: "CAPITALS" }) })).toContain(
      "template.checksum: CAPITALS tells MD5s by the names of files, and template.url https://images.example/ has none",
    );
  });

  test("that are none are refused, whatever names them", () => {
    const template = { url: "https://images.example/flatcar.qcow2", checksum: "/dev/zero" };
    const message = complaint({
      template: JSON.stringify(template),
      mirror: JSON.stringify({ ca: "/dev/zero", checksums: directory }),
    });
    expect(message.split("\n").slice(1)).toEqual([
      "  mirror.ca: /dev/zero is a device, and no file",
      `  mirror.checksums: ${directory} is a directory, and no file`,
      "  template.checksum: /dev/zero is a device, and no file",
    ]);
  });

  test("of md5sum(1) and Flatcar's DIGESTS tell the template's checksum", () => {
    const url = "https://images.example/4757.2.0/flatcar.qcow2";
    write("DIGESTS", `# MD5 HASH\n${MD5}  flatcar.qcow2\n# SHA1 HASH\n${"c".repeat(40)}  flatcar.qcow2\n`);
    expect(load({ template: JSON.stringify({ url, checksum: "DIGESTS" }) }).template.checksum).toBe(MD5);
    write("MD5SUMS", `${MD5} *other.qcow2\n`);
    expect(complaint({ template: JSON.stringify({ url, checksum: "MD5SUMS" }) })).toContain(
      "template.checksum: MD5SUMS has no MD5 of flatcar.qcow2",
    );
  });
});
