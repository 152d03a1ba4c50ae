/** `npm run status`: what is the case with a cluster, what is wrong, what to do. Exit codes as of a monitoring plugin. */
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
    "What is the case with the cluster, what is wrong, what to do.\nExit code: 0 all is well, 1 warning, 2 critical, 3 nothing could be asked.",
  )
  .option("--json", "one JSON object, as docs/status.md describes it")
  .option("--stack <name>", "the stack; default: the one that bin/kubectl and bin/ssh take")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : states.indexOf("UNKNOWN")))
  .action(async ({ json, stack }: { json?: true; stack?: string }) => {
    const status = await statusOf(stack);
    console.log(json ? JSON.stringify(status, undefined, 2) : print(status));
    process.exitCode = states.indexOf(status.state);
  });
await program.parseAsync();

async function statusOf(stack: string | undefined): Promise<Status> {
  try {
    return judge(digest(await ask(await readStack(stack))));
  } catch (error) {
    if (!(error instanceof Failure)) console.error(error);
    return notAsked(error instanceof Error ? error.message : String(error));
  }
}

function notAsked(reason: string): Status {
  // What was typed to get there is of no use to anybody; what it said is.
  const said = reason
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
        said,
        "`npm run up` makes a cluster, `bin/pulumi stack select` takes another stack",
      ),
    ],
    cluster: null,
    at: new Date().toISOString(),
    api: null,
    nodes: [],
    etcds: null,
    lock: { isKnown: false, holders: [], isPulumiRunning: null },
    windows: { masters: null, workers: null },
    certificates: [],
  };
}
