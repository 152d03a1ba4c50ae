/** `npm run down`: removes the local zone and this checkout's state; what was built stays in the cache. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { diskUse } from "./cache.ts";
import { cache, local, ownBackend, root } from "./paths.ts";
import { size } from "./progress.ts";
import { Failure, main, run } from "./run.ts";
import { foreignStacks, runningPulumi } from "./state.ts";

await main(async () => {
  if (!existsSync(local)) {
    console.log("There is nothing to remove.");
    return;
  }
  const pulumi = await runningPulumi(ownBackend);
  if (pulumi)
    throw new Failure(
      `A Pulumi run is in progress (process ${pulumi}): wait for it, or end it with: kill -INT ${pulumi}`,
    );
  const foreign = await foreignStacks(ownBackend, root);
  if (foreign.length > 0) {
    throw new Failure(
      `${ownBackend} has the state of ${foreign.join(", ")}, whose resources are not in the local zone. ` +
        `Without this state Pulumi can no longer manage them. First destroy them, or move the state to another backend ` +
        `(https://www.pulumi.com/docs/iac/concepts/state-and-backends).`,
    );
  }
  await run(join(root, "bin", "zone"), ["down"]);
  const freed = await diskUse(local);
  await rm(local, { recursive: true, force: true });
  console.log(`Removed the local zone and ${local} (${size(freed)}).`);
  if (existsSync(cache)) {
    console.log(
      `Built programs and images stay in ${cache} (${size(await diskUse(cache))}). To remove them, too: rm -r ${cache}`,
    );
  }
});
