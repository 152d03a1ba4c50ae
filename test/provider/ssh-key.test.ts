/** The stack's SSH key in a zone that takes only those that Exoscale's documentation shows. */
import ssh2 from "ssh2";
import { ed25519 } from "../ed25519.ts";
import { expect, test } from "vitest";

import { byName, run } from "../../components/testing/engine.ts";
import { Pki } from "../../components/pki.ts";
import type { SshKeyInputs, SshKeyOutputs } from "../../exoscale/ssh-key.ts";
import { openEnvironment, Resource } from "./environment.ts";

const args = { serviceCIDR: "10.96.0.0/16", leafValidity: 48, renewBefore: 12, caValidity: 96, caReplacement: 0 };

test.each([0, 1, 2, 3])("a new stack's is taken, at step %i of a replacement, too", async (keyReplacement) => {
  await using environment = await openEnvironment({ sshKeys: "rsa-ed25519" });
  const { resources, result } = await run(() => new Pki("kube", { ...args, keyReplacement }));
  const used = await new Promise<string>((resolve) => result.ssh.urn.apply(resolve));
  const { algorithm } = byName(resources, "PrivateKey")[used.split("::").at(-1)!] as { algorithm: string };
  expect(algorithm).toBe("ED25519");
  const { public: publicKey } = ed25519();
  const { api } = environment;
  const key = new Resource<SshKeyInputs, SshKeyOutputs>("sshKey", { api, name: "kube", publicKey });
  await key.create();
  expect(await key.refresh()).toBe("same");
  expect([...environment.state.sshKeys.keys()]).toEqual(["kube"]);
});

test("another is refused with the API's reason", async () => {
  await using environment = await openEnvironment({ sshKeys: "rsa-ed25519", errorTexts: "usual" });
  const { public: publicKey } = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  const { api } = environment;
  const key = new Resource<SshKeyInputs, SshKeyOutputs>("sshKey", { api, name: "kube", publicKey });
  await expect(key.create()).rejects.toThrow("its type is ecdsa-sha2-nistp256, give an RSA or Ed25519 key");
});
