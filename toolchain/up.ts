/** `npm run up`: from a fresh clone to a cluster in the local zone. */
import { join } from "node:path";
import { root } from "./paths.ts";
import { prepare } from "./prepare.ts";
import { recover, waitForOthers } from "./recover.ts";
import { main, run } from "./run.ts";

const bin = (name: string) => join(root, "bin", name);

// This command is about the stack dev, whatever the shell is set to.
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
  bin/kubectl get nodes -w                                     its nodes, as they come and go
  bin/ssh master-1                                             a shell on a node
  bin/pulumi config set desiredWorkers 5 && bin/pulumi up      two more workers
  bin/pulumi preview                                           what a change would do
  bin/pulumi destroy                                           the cluster goes, the local zone stays
  npm run down                                                 everything goes but the caches`);
});
