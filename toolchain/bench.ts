/** `npm run bench -- [PART...] [--json]`: obtains what the parts need, then measures. */
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
