/** Asks a cluster: all nodes at once over SSH, the API at the elastic IP, each within a limit. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import pLimit from "p-limit";
import { scriptCommand, scriptPath } from "../node/remote/scripts.ts";
import { local } from "../toolchain/paths.ts";
import { type Answers, type NodeAnswer, parseNodes, parseReport } from "./answers.ts";
import { isPulumiRunning, renewBefore, type Stack, type StackNode } from "./stack.ts";

/** Milliseconds: `bin/report` ends sooner whatever is broken. A node that cannot be reached ends after ssh's ConnectTimeout. */
const nodeLimit = 30_000;
const apiLimit = 5_000;
/** Nodes that are asked at the same time; each costs a process here. */
const parallel = 50;

export async function ask(stack: Stack): Promise<Answers> {
  const limit = pLimit(parallel);
  const at = new Date();
  const [api, hours, isRunning, nodes] = await Promise.all([
    askApi(stack),
    renewBefore(stack.name),
    isPulumiRunning(stack.name),
    Promise.all(stack.nodes.map((node) => limit(() => askNode(stack, node)))),
  ]);
  const { name, endpoint, kubeconfigNotAfter } = stack;
  return {
    cluster: name,
    at,
    endpoint,
    nodes,
    api,
    isPulumiRunning: isRunning,
    renewBefore: hours,
    kubeconfigNotAfter,
  };
}

async function askNode({ sshConfig }: Stack, node: StackNode): Promise<NodeAnswer> {
  const { code, stdout, stderr } = await run(
    "ssh",
    ["-F", sshConfig, "-o", "BatchMode=yes", node.name, scriptCommand("report")],
    nodeLimit,
  );
  if (code === undefined) return { ...node, answer: { silence: `not within ${nodeLimit / 1000} s` } };
  // ssh's own failures; a command's are its own exit code.
  if (code === 255)
    return { ...node, answer: { silence: lastLine(stderr).replace(/^ssh: /, "") || "ssh ended with 255" } };
  try {
    return { ...node, answer: { report: parseReport(stdout) } };
  } catch {
    return {
      ...node,
      answer: {
        refusal: lastLine(stderr) || `what ${scriptPath("report")} prints cannot be read (exit code ${code})`,
      },
    };
  }
}

/** By the path: anything else would first ask what there is, again and again where nothing answers. */
async function askApi({ kubeconfig }: Stack): Promise<Answers["api"]> {
  const { code, stdout, stderr } = await run(
    join(local, "bin", "kubectl"),
    ["--kubeconfig", kubeconfig, "get", "--raw", "/api/v1/nodes", `--request-timeout=${apiLimit / 1000}s`],
    2 * apiLimit,
  );
  if (code !== 0) return { silence: lastLine(stderr) || "no answer in time" };
  try {
    return { nodes: parseNodes(stdout) };
  } catch {
    return { silence: "what it answers is no list of nodes" };
  }
}

interface Ran {
  /** Undefined when it was ended for taking too long. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], timeout: number): Promise<Ran> {
  return new Promise((done) => {
    execFile(command, args, { timeout, killSignal: "SIGKILL", maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      const code = !error ? 0 : typeof error.code === "number" ? error.code : error.killed ? undefined : 255;
      done({ code, stdout, stderr: stderr || (error && typeof error.code === "string" ? error.message : "") });
    });
  });
}

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1)!.trim();
