/** Asks all nodes over SSH and the API at the elastic IP at the same time, each with a timeout. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import { local } from "../toolchain/paths.ts";
import { type Answers, type DnsAnswer, type NodeAnswer, parseReport } from "./answers.ts";
import { askApi } from "./ask-api.ts";
import { type Ended, lastLine, run } from "./run.ts";
import { isPulumiRunning, renewBefore, type Stack, type StackNode } from "./stack.ts";

/** Milliseconds. The report takes less, whatever is broken; an unreachable node fails after ssh's ConnectTimeout. */
const nodeTimeout = 30_000;
/** Bytes; a master's report of a cluster of a thousand nodes takes 50 kB. */
const longestReport = 1_000_000;
/** Nodes asked at the same time, each by two processes. */
const parallel = 50;
/** Both are sent to a node as it is, so that nodes of earlier releases answer them. */
const report = await readFile(join(import.meta.dirname, "../node/remote/report"), "utf8");
const dnsQuery = await readFile(join(import.meta.dirname, "dns-query"), "utf8");

export async function ask(stack: Stack): Promise<Answers> {
  const limit = pLimit(parallel);
  const at = new Date();
  const ownKubectl = join(local, "bin", "kubectl");
  const kubectl = (args: readonly string[], timeout: number, input?: string) =>
    run(
      existsSync(ownKubectl) ? ownKubectl : "kubectl",
      ["--kubeconfig", stack.kubeconfig, ...args, `--request-timeout=${timeout / 1000}s`],
      2 * timeout,
      input,
    );
  const [api, hours, isRunning, nodes] = await Promise.all([
    askApi(kubectl),
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
  const ssh = (command: string, input?: string) =>
    run("ssh", ["-F", sshConfig, "-o", "BatchMode=yes", node.name, command], nodeTimeout, input, longestReport);
  const [reported, resolved] = await Promise.all([ssh("sudo bash -s", report), ssh("bash -s", dnsQuery)]);
  return { ...node, answer: answerOf(reported), dns: dnsOf(resolved) };
}

function answerOf({ code, stdout, stderr }: Ended): NodeAnswer["answer"] {
  if (code === undefined) return { silence: `no answer within ${nodeTimeout / 1000} s` };
  // A failure of ssh itself; otherwise the exit code is the script's.
  if (code === 255) return { silence: lastLine(stderr).replace(/^ssh: /, "") || "ssh failed with exit code 255" };
  try {
    return { report: parseReport(stdout) };
  } catch {
    return {
      refusal: lastLine(stderr) || `what it printed is not a report (exit code ${code})`,
    };
  }
}

/** @returns null if the node could not ask */
function dnsOf({ code, stdout }: Ended): DnsAnswer | null {
  if (code === 0) return { answers: true, silence: null };
  return code === 1 && stdout ? { answers: false, silence: lastLine(stdout) } : null;
}
