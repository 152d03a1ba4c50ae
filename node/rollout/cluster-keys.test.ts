import { runtime } from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { unknownValue } from "../../exoscale/resource-provider.ts";
import { clusterKeys, type ClusterKeysInputs } from "./cluster-keys.ts";

const key = (setting: "caReplacement" | "keyReplacement", fingerprint: string, validity?: number) => ({
  setting,
  urn: `urn:of-${fingerprint}`,
  fingerprint,
  ...(validity !== undefined && { validity }),
});
const inUse: ClusterKeysInputs = {
  caReplacement: 4,
  keyReplacement: 0,
  "dev-ssh": key("keyReplacement", "a"),
  "dev-kubernetes-ca-2": key("caReplacement", "b"),
  "dev-kubernetes-ca-2-certificate": key("caReplacement", "c", 96),
};
const reasons = (news: object) => clusterKeys.check!(inUse, { ...inUse, ...news }).map(({ reason }) => reason);
const ssh = (fingerprint: string) => ({ "dev-ssh": { ...key("keyReplacement", "a"), fingerprint } });
const certificate = (fingerprint: string, validity = 96) => ({
  "dev-kubernetes-ca-2-certificate": { ...key("caReplacement", "c", validity), fingerprint },
});

test("the value of what is not known yet is Pulumi's", () => {
  expect(unknownValue).toBe(runtime.unknownValue);
});

test("keys that stay, come and go pass", () => {
  expect(reasons({})).toEqual([]);
  expect(reasons({ keyReplacement: 1, "dev-ssh-2": key("keyReplacement", unknownValue) })).toEqual([]);
  const { "dev-ssh": _former, ...others } = inUse;
  expect(clusterKeys.check!(inUse, others as ClusterKeysInputs)).toEqual([]);
  expect(clusterKeys.diff("keys", inUse, others as ClusterKeysInputs)).toEqual({ changes: true });
  expect(clusterKeys.diff("keys", inUse, inUse)).toEqual({ changes: false });
  expect(clusterKeys.check!({}, inUse)).toEqual([]);
});

test.each([
  ["that a preview would replace", unknownValue],
  ["that is another one already", "another"],
])("a key %s is refused with what to type", (_, fingerprint) => {
  expect(reasons(ssh(fingerprint))).toEqual([
    expect.stringMatching(
      /^dev-ssh is in use and cannot be replaced at once: .*`pulumi config set keyReplacement 1`, then `pulumi up`, and the same with 2 and 3\. .*pulumi state untaint 'urn:of-a'$/,
    ),
  ]);
});

test("a step that is left out is refused, one back is not", () => {
  expect(reasons({ keyReplacement: 1, caReplacement: 3 })).toEqual([]);
  expect(reasons({ caReplacement: 6 })).toEqual([
    expect.stringMatching(/this cluster is at step 4, not at 5\. .*`pulumi config set caReplacement 5`/),
  ]);
  expect(clusterKeys.check!({}, { ...inUse, keyReplacement: 5 })).toEqual([]);
});

test("an authority's key is refused with its own setting, from the step that is taken", () => {
  const [reason] = reasons({ "dev-kubernetes-ca-2": { ...key("caReplacement", "b"), fingerprint: unknownValue } });
  expect(reason).toMatch(/`pulumi config set caReplacement 5`, then `pulumi up`, and the same with 6\./);
});

test("an authority's certificate is not replaced by a preview, made anew for another validity, and kept once it is there", () => {
  expect(reasons(certificate(unknownValue))).toHaveLength(1);
  expect(reasons(certificate(unknownValue, 48))).toEqual([]);
  expect(reasons(certificate("another"))).toEqual([]);
});

test("a key that the engine is about to delete is refused by what depends on it", () => {
  const asked = { ...inUse, "dev-ssh": unknownValue } as unknown as ClusterKeysInputs;
  expect(() => clusterKeys.diff("keys", inUse, asked)).toThrow(/^dev-ssh is in use .* Nothing was touched\./);
});
