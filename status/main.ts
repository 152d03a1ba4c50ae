/** `npm run status`: asks a cluster, digests the answers, judges the facts, prints. Exit codes are a monitoring plugin's. */
import { Command } from "commander";
import { Failure } from "../toolchain/run.ts";
import { ask } from "./ask.ts";
import { digest } from "./digest.ts";
import type { Status } from "./facts.ts";
import { judge } from "./judge.ts";
import { print } from "./print.ts";
import { problem, states } from "./problems.ts";
import { readStack } from "./stack.ts";

const program = new Command("status")
  .description(
    "Shows the state of the cluster, what is wrong with it, and what to do.\nExit code: 0 OK, 1 warning, 2 critical, 3 unknown: status could not ask.",
  )
  .option("--json", "print one JSON object, described in docs/status.md")
  .option("--stack <name>", "the stack; default: the one that bin/kubectl and bin/ssh use")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : states.indexOf("UNKNOWN")))
  .action(async ({ json, stack }: { json?: true; stack?: string }) => {
    const status = await statusOf(stack);
    console.log(json ? JSON.stringify(status, undefined, 2) : print(status));
    process.exitCode = states.indexOf(status.state);
  });
await program.parseAsync();

async function statusOf(stack: string | undefined): Promise<Status> {
  try {
    const answers = await ask(await readStack(stack));
    return judge(digest(answers));
  } catch (error) {
    if (!(error instanceof Failure)) console.error(error);
    return notAsked(error instanceof Error ? error.message : String(error));
  }
}

function notAsked(reason: string): Status {
  // Drops the command line that failed and keeps its last line of output.
  const what = reason
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .at(-1)!
    .replace(/^.*failed \(exit code \d+\): /, "");
  return {
    version: 1,
    state: "UNKNOWN",
    problems: [
      problem(
        "not-asked",
        "stack",
        what,
        "`npm run up` creates a cluster, `bin/pulumi stack select` selects another stack",
      ),
    ],
    cluster: null,
    at: new Date().toISOString(),
    api: null,
    addons: null,
    refusals: [],
    nodes: [],
    etcds: null,
    lock: { isKnown: false, holders: [], isPulumiRunning: null },
    windows: { masters: null, workers: null },
    certificates: [],
  };
}
