/**
 * `stack-name.ts ARGUMENT...`, for bin/pulumi: prints the stack that the Pulumi CLI works on with these arguments. Prints
 * nothing if neither they nor PULUMI_STACK nor `pulumi stack select` names one.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./paths.ts";

/** Commands whose argument is a stack's name. */
const ofStacks = ["stack init", "stack select", "stack rm", "stack remove", "stack delete", "cancel", "recover"];

/** Options that take a value, so that it does not count as an argument: the CLI's own, and those of these commands. */
const withValue =
  "color config-file copy-config-from memprofilerate otel-traces profiling secrets-provider teams tracing".split(" ");

/** The command's words, as `["stack", "rm", "prod"]`, and its options. */
export function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: false,
    options: {
      stack: { type: "string", short: "s" },
      cwd: { type: "string", short: "C" },
      verbose: { type: "string", short: "v" },
      ...Object.fromEntries(withValue.map((name) => [name, { type: "string" as const }])),
    },
  });
}

function named(args: readonly string[]): string | undefined {
  const { values, positionals } = parse(args);
  // `-s=NAME` is the CLI's way, too.
  if (typeof values.stack === "string") return values.stack.replace(/^=/, "");
  for (const command of ofStacks) {
    const words = command.split(" ");
    if (positionals.slice(0, words.length).join(" ") === command) return positionals[words.length];
  }
  return undefined;
}

/** The stack of `pulumi stack select`, which the CLI keeps per project file and backend. */
function selected(): string | undefined {
  const directory = join(process.env["PULUMI_HOME"] || join(homedir(), ".pulumi"), "workspaces");
  const project = createHash("sha1").update(join(root, "Pulumi.yaml")).digest("hex");
  try {
    const file = readdirSync(directory).find((name) => name.endsWith(`-${project}-workspace.json`));
    const { stacks } = JSON.parse(readFileSync(join(directory, file!), "utf8")) as { stacks?: Record<string, string> };
    return stacks?.[process.env["PULUMI_BACKEND_URL"] ?? ""];
  } catch {
    return undefined; // Nothing was ever selected here.
  }
}

if (import.meta.main) console.log(named(process.argv.slice(2)) || process.env["PULUMI_STACK"] || selected() || "");
