/** Asks all nodes over SSH and the API at the elastic IP at the same time, each with a timeout. */
import { join } from "node:path";
import { execa } from "execa";
import pLimit from "p-limit";
import { scriptCommand, scriptPath } from "../node/remote/scripts.ts";
import { local } from "../toolchain/paths.ts";
import { type Answers, type NodeAnswer, parseNodes, parseReport } from "./answers.ts";
import { isPulumiRunning, renewBefore, type Stack, type StackNode } from "./stack.ts";

/** Milliseconds. `bin/report` takes less, whatever is broken; an unreachable node fails after ssh's ConnectTimeout. */
const nodeTimeout = 30_000;
const apiTimeout = 5_000;
/** Nodes asked at the same time, each by a process. */
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
    nodeTimeout,
  );
  if (code === undefined) return { ...node, answer: { silence: `no answer within ${nodeTimeout / 1000} s` } };
  // A failure of ssh itself; otherwise the exit code is the script's.
  if (code === 255)
    return { ...node, answer: { silence: lastLine(stderr).replace(/^ssh: /, "") || "ssh failed with exit code 255" } };
  try {
    return { ...node, answer: { report: parseReport(stdout) } };
  } catch {
    return {
      ...node,
      answer: {
        refusal: lastLine(stderr) || `the output of ${scriptPath("report")} is not a report (exit code ${code})`,
      },
    };
  }
}

/** `--raw` avoids API discovery, which kubectl retries when the API is down. */
async function askApi({ kubeconfig }: Stack): Promise<Answers["api"]> {
  const { code, stdout, stderr } = await run(
    join(local, "bin", "kubectl"),
    ["--kubeconfig", kubeconfig, "get", "--raw", "/api/v1/nodes", `--request-timeout=${apiTimeout / 1000}s`],
    2 * apiTimeout,
  );
  if (code !== 0) return { silence: lastLine(stderr) || "no answer within the timeout" };
  try {
    return { nodes: parseNodes(stdout) };
  } catch {
    return { silence: "its answer is not a list of nodes" };
  }
}

interface Ended {
  /** Undefined after the timeout; 255, as for a failure of ssh, if the program did not start or was killed. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: string, args: readonly string[], timeout: number): Promise<Ended> {
  const ended = await execa(command, args, {
    timeout,
    killSignal: "SIGKILL",
    reject: false,
    stdin: "ignore",
    maxBuffer: 2 ** 28,
  });
  const { exitCode = 255, timedOut, stdout, stderr, originalMessage = "" } = ended;
  return { code: timedOut ? undefined : exitCode, stdout, stderr: stderr || originalMessage };
}

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1)!.trim();
