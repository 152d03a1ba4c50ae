import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { master } from "./testing/fixtures.ts";
import { assertFits, renderMaster, userDataSize } from "./index.ts";

test("a cloud-config within the limit passes, with its size per section", () => {
  const text = renderMaster(master);
  expect(() => assertFits("test-master-1", text)).not.toThrow();
  const { bytes, sections } = userDataSize(text);
  expect(bytes).toBeGreaterThan(1000);
  expect(sections[0]!.bytes).toBeGreaterThanOrEqual(sections.at(-1)!.bytes);
  expect(sections.map(({ name }) => name)).toContain("kubelet.service");
});

test("one that is too large is refused with the section that made it so", () => {
  const text = renderMaster({ ...master, sshPublicKeys: [randomBytes(30_000).toString("base64")] });
  expect(() => assertFits("test-master-1", text)).toThrow(
    /test-master-1: the cloud-config takes \d+ bytes.*24573[^]*\d+ {2}ssh_authorized_keys/,
  );
});
