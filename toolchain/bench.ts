/** `npm run bench -- [PART...] [--json]`: the parts say what they need, and that is obtained first. */
import { join } from "node:path";
import { root } from "./paths.ts";
import { main, run } from "./run.ts";

await main(() =>
  run(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(root, "bench", "main.ts"), ...process.argv.slice(2)],
    { accept: [1] },
  ),
);
