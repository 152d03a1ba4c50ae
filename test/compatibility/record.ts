/**
 * `node test/compatibility/record.ts RELEASE`: records the stack that this checkout makes, for the releases after it. Run it
 * on the commit that is released, after `npm run up` has obtained the programs.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { stringify } from "yaml";

import { startApi } from "../../zone/testing/zone.ts";
import { makeCheckout } from "../sandbox/checkout.ts";
import { Stack } from "../sandbox/stack.ts";
import { passphrase, port, stackName } from "./recording.ts";

const [release] = process.argv.slice(2);
if (!release) throw new Error("usage: node test/compatibility/record.ts RELEASE");
const target = join(import.meta.dirname, release);
if (existsSync(target)) throw new Error(`${target} is recorded already, and a recording is never written again`);
const directory = mkdtempSync(join(tmpdir(), "record-"));
const checkout = join(directory, "main");
const config = {
  zone: "local-1",
  apiEndpoint: `http://127.0.0.1:${port}/v2`,
  template: { url: "https://images.example/flatcar.qcow2", checksum: "0123456789abcdef0123456789abcdef" },
  waitFor: "instances",
  sshSources: ["192.0.2.0/24"],
  apiSources: ["198.51.100.0/24"],
  // No recording expires.
  leafValidity: "876000h",
  caValidity: "876000h",
};

const settings = join(checkout, `Pulumi.${stackName}.yaml`);
makeCheckout(checkout);
writeFileSync(
  settings,
  stringify({
    config: Object.fromEntries(Object.entries(config).map(([name, value]) => [`kubernetes:${name}`, value])),
  }),
);
const zone = await startApi({ state: join(directory, "zone"), port });
try {
  const stack = new Stack(stackName, checkout, join(directory, "commands.log"));
  const env = { PULUMI_CONFIG_PASSPHRASE: passphrase, EXOSCALE_API_KEY: zone.key, EXOSCALE_API_SECRET: zone.secret };
  await stack.must(["stack", "init", stackName], { env });
  await stack.must(["up", "--yes", "--skip-preview", "--non-interactive"], { env });
} finally {
  await zone.close();
}
mkdirSync(target, { recursive: true });
cpSync(settings, join(target, `Pulumi.${stackName}.yaml`));
for (const file of ["meta.yaml", `stacks/kubernetes/${stackName}.json`])
  cpSync(join(checkout, ".local/state/.pulumi", file), join(target, "state/.pulumi", file));
cpSync(join(directory, "zone"), join(target, "zone"), { recursive: true });
rmSync(directory, { recursive: true });
console.log(`Recorded in ${target}`);
