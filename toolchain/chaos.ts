/** `npm run chaos -- [--runs N] [--seed S]`: obtains everything, then injects failures; its last line has the counts. */
import { join } from "node:path";
import { root } from "./paths.ts";
import { prepare } from "./prepare.ts";
import { main, run } from "./run.ts";

await main(async () => {
  await prepare(0);
  return run(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(root, "test", "chaos", "main.ts"), ...process.argv.slice(2)],
    { accept: [1] },
  );
});
