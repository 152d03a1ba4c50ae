import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { RunError } from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { loadSettings } from "../config/index.ts";
import { parse } from "yaml";
import { certificates } from "../ignition/file.ts";
import { userDataLimit, userDataSize } from "../ignition/index.ts";
import { checkAddress, checkUserData, largestCloudConfigs } from "./preflight.ts";

const settings = (values: Record<string, string>, stack = "dev") =>
  loadSettings(
    {
      zone: "ch-gva-2",
      template: JSON.stringify({ url: "https://images.example/flatcar.qcow2", checksum: "0".repeat(32) }),
      sshSources: '["203.0.113.7/32"]',
      apiSources: '["0.0.0.0/0"]',
      ...values,
    },
    stack,
    ".",
  );

/** As SSH writes a string: https://www.rfc-editor.org/rfc/rfc4251#section-5 */
function sshString(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** The largest that settings allow, but for what they put in without a limit: sshPublicKeys, mirror.ca. */
const largest = settings({ masters: "5", desiredWorkers: "250" }, `a${"b".repeat(39)}`);

test("the largest cluster with the longest name fits, at every step of a replacement", () => {
  checkUserData(largest);
});

test("what each section of user-data takes is as committed, and 2 KB are left for what settings put in", async () => {
  const [ofDefault, ofLargest] = [settings({}), largest].map((each) =>
    largestCloudConfigs(each).map(({ cloudConfig }) => userDataSize(cloudConfig)),
  );
  const columns = [ofDefault![0]!, ofLargest![0]!, ofLargest![1]!].map(({ bytes, sections }) => {
    const left = userDataLimit - bytes;
    return new Map([["all", bytes], ["left", left], ...sections.map((each) => [each.name, each.bytes] as const)]);
  });
  const names = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  const row = (cells: readonly (number | string | undefined)[], name: string) =>
    `${`${cells.map((cell) => String(cell ?? "-").padStart(9)).join("")}  ${name}`.trimEnd()}\n`;
  const sizes = [...names.slice(0, 2), ...names.slice(2).sort()].map((name) =>
    row(
      columns.map((column) => column.get(name)),
      name,
    ),
  );
  await expect(
    row(["default", "largest", "largest"], "") + row(["master", "master", "worker"], "") + sizes.join(""),
  ).toMatchFileSnapshot("golden/user-data.txt");
  for (const column of columns) expect(column.get("left")).toBeGreaterThanOrEqual(2048);
});

test("stand-ins take no less room than the certificates of a recorded stack, and hardly more", () => {
  const releases = join(import.meta.dirname, "../test/compatibility");
  for (const release of readdirSync(releases).filter((name) => /^\d/.test(name))) {
    const stack = "state/.pulumi/stacks/kubernetes/prod.json";
    const { checkpoint } = JSON.parse(readFileSync(join(releases, release, stack), "utf8")) as {
      checkpoint: { latest: { resources: { urn: string; outputs?: { certPem?: string } }[] } };
    };
    const pems = new Map(
      checkpoint.latest.resources.map(({ urn, outputs }) => [urn.split("::").at(-1), outputs?.certPem]),
    );
    const real = (file: string): string | undefined => {
      const name = /^pki\/(.*)\.crt$/.exec(file)?.[1]?.replace("-signing", "");
      return pems.get(`prod-master-3-${name}`) ?? pems.get(`prod-${name}`);
    };
    const [master] = largestCloudConfigs(settings({}, "prod"));
    const { write_files } = parse(master!.cloudConfig) as { write_files: { path: string; content: string }[] };
    const lines = write_files.find(({ path }) => path.endsWith("/certificates"))!.content.split("\n");
    // The first of each authority only: the stack has one of each. None that the release does not have.
    const standIns = new Map<string, string>(
      lines
        .filter((line) => line !== "")
        .map((line): [string, string] => [line.split(" ")[0]!, line])
        .reverse(),
    );
    const both = [...standIns.keys()].filter((name) => real(name) !== undefined);
    expect(both.length).toBeGreaterThan(10);
    const size = (text: string) => gzipSync(text, { level: 9 }).length;
    const ofReal = size(certificates(Object.fromEntries(both.map((name) => [name, real(name)!]))).content);
    const ofStandIns = size(both.map((name) => `${standIns.get(name)}\n`).join(""));
    expect(ofStandIns).toBeGreaterThanOrEqual(ofReal);
    expect(ofStandIns).toBeLessThan(1.15 * ofReal);
  }
});

test("what does not fit is refused before any call, with what takes the room", () => {
  // RSA keys of 3200 bits: the type, the exponent, the modulus.
  const keys = Array.from({ length: 60 }, (_, i) => {
    const parts = ["ssh-rsa", Buffer.from([1, 0, 1]), randomBytes(400)].map(sshString);
    return `ssh-rsa ${Buffer.concat(parts).toString("base64")} ${i}`;
  });
  const check = () => checkUserData(settings({ sshPublicKeys: JSON.stringify(keys) }));
  expect(check).toThrow(RunError);
  expect(check).toThrow(
    /^dev-master-3: the cloud-config takes \d+ bytes gzipped, Exoscale takes 24573\. Shorten .*sshPublicKeys[^]*\n +\d+ {2}ssh_authorized_keys\n/,
  );
});

test("an address within the networks of pods or Services is refused", () => {
  const networks = settings({ podCIDR: "198.18.0.0/16", serviceCIDR: "10.96.0.0/16" });
  expect(() => checkAddress(networks, "The elastic IP", "198.18.255.1")).toThrow(
    "The elastic IP got the address 198.18.255.1, which is in podCIDR 198.18.0.0/16",
  );
  expect(() => checkAddress(networks, "The elastic IP", "10.96.0.1")).toThrow("which is in serviceCIDR 10.96.0.0/16");
  expect(() => checkAddress(networks, "The elastic IP", "198.19.0.1")).not.toThrow();
});
