/** `npm run up`: from a fresh clone to a cluster in the local zone. */
import { join } from "node:path";
import { root } from "./paths.ts";
import { prepare } from "./prepare.ts";
import { recover, waitForOthers } from "./recover.ts";
import { main, run } from "./run.ts";

const bin = (name: string) => join(root, "bin", name);

// This command works on the stack dev, whatever the shell selects.
delete process.env["PULUMI_STACK"];

await main(async () => {
  const progress = await prepare(3);
  await progress.step("local zone", () => run(bin("zone"), ["up"]), { quiet: true });
  await progress.step(
    "stack dev",
    async () => {
      await run(bin("pulumi"), ["stack", "select", "--create", "dev"]);
      await waitForOthers("dev");
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
  npm run down                                                 remove everything but the caches`);
});
