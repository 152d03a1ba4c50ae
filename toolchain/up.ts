/** `npm run up`: from a fresh clone to a cluster in the local zone. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./paths.ts";
import { prepare } from "./prepare.ts";
import { recover, waitForOthers } from "./recover.ts";
import { Failure, main, run } from "./run.ts";

const bin = (name: string) => join(root, "bin", name);

// This command works on the stack dev, whatever the shell selects.
delete process.env["PULUMI_STACK"];

/** @throws Failure if the stack's settings are gone, as `pulumi stack rm` and `pulumi stack rename` leave a checkout */
async function checkSettings(): Promise<void> {
  const settings = join(root, "Pulumi.dev.yaml");
  const text = await readFile(settings, "utf8").catch(() => "");
  if (text.includes("kubernetes:apiEndpoint:")) return;
  throw new Failure(
    `${settings}, which is part of this repository, lacks the local zone's settings. Type: git checkout -- Pulumi.dev.yaml`,
  );
}

await main(async () => {
  await checkSettings();
  const progress = await prepare(3);
  await progress.step("local zone", () => run(bin("zone"), ["up"]), { quiet: true });
  await progress.step(
    "stack dev",
    async () => {
      await run(bin("pulumi"), ["stack", "select", "--create", "dev"]);
      await waitForOthers();
      await recover("dev");
    },
    { quiet: true },
  );
  await progress.step("cluster", () => run(bin("pulumi"), ["up", "--stack", "dev", "--yes", "--skip-preview"]), {
    quiet: true,
  });
  await run(bin("kubectl"), ["get", "nodes", "-o", "wide"]);
  console.log(`
The cluster is up. Next:
  bin/kubectl get nodes -w                                     list and watch the nodes
  bin/ssh master-1                                             open a shell on a node
  bin/pulumi config set desiredWorkers 5 && bin/pulumi up      add two workers
  bin/pulumi preview                                           show what would change
  bin/pulumi destroy                                           remove the cluster, keep the local zone
  npm run down                                                 remove it all but caches and Debian packages`);
});
