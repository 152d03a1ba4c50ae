import { RunError } from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { loadSettings } from "../config.ts";
import { checkUserData } from "./preflight.ts";

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

test("the largest cluster with the longest name fits", () => {
  checkUserData(settings({ masters: "5", desiredWorkers: "250" }, `a${"b".repeat(39)}`));
});

test("what does not fit is refused before any call, with what takes the room", () => {
  const keys = Array.from(
    { length: 60 },
    (_, i) => `ssh-rsa ${Buffer.from(crypto.getRandomValues(new Uint8Array(400))).toString("base64")} ${i}`,
  );
  const check = () => checkUserData(settings({ sshPublicKeys: JSON.stringify(keys) }));
  expect(check).toThrow(RunError);
  expect(check).toThrow(
    /^dev-master-3: the cloud-config takes \d+ bytes gzipped, Exoscale takes 24573\. Shorten .*sshPublicKeys.*\n +\d+ {2}ssh_authorized_keys\n/,
  );
});
