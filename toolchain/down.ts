/** `npm run down`: takes away the local zone and this checkout's state; what was built stays in the cache. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { diskUse } from "./cache.ts";
import { cache, local, root } from "./paths.ts";
import { size } from "./progress.ts";
import { Failure, main, run } from "./run.ts";
import { foreignStacks, runningPulumi } from "./state.ts";

await main(async () => {
  if (!existsSync(local)) {
    console.log("There is nothing to take down.");
    return;
  }
  const pulumi = await runningPulumi(local);
  if (pulumi)
    throw new Failure(`A Pulumi CLI is at work (process ${pulumi}): wait for it, or end it with: kill -INT ${pulumi}`);
  const foreign = await foreignStacks(local, root);
  if (foreign.length > 0) {
    throw new Failure(
      `${join(local, "state")} has the state of ${foreign.join(", ")}, whose resources are not in the local zone: ` +
        `without it nobody knows them any more. First destroy them, or move the state to another backend ` +
        `(https://www.pulumi.com/docs/iac/concepts/state-and-backends).`,
    );
  }
  await run(join(root, "bin", "zone"), ["down"]);
  const freed = await diskUse(local);
  await rm(local, { recursive: true, force: true });
  console.log(`The local zone is gone, and with it ${local} (${size(freed)}).`);
  if (existsSync(cache)) {
    console.log(
      `Built programs and images stay in ${cache} (${size(await diskUse(cache))}). To drop them too: rm -r ${cache}`,
    );
  }
});
