/** Asks the Kubernetes API at the elastic IP, as any client of it does. */
import { type Answers, type Deployment, parseDeployments, parseNodes } from "./answers.ts";
import { askRefusals } from "./ask-refusals.ts";
import { type Ended, lastLine } from "./run.ts";

/** Runs kubectl. @param timeout of a request, milliseconds @param input its standard input */
export type Kubectl = (args: readonly string[], timeout: number, input?: string) => Promise<Ended>;

/** Milliseconds. */
const timeout = 5_000;
/** Each reaches a master of its own choice. */
const connections = 3;

export async function askApi(kubectl: Kubectl): Promise<Answers["api"]> {
  const [listed, readiness] = await Promise.all([
    get(kubectl, "/api/v1/nodes"),
    Promise.all(Array.from({ length: connections }, () => askReadiness(kubectl))),
  ]);
  if ("silence" in listed) return listed;
  let nodes;
  try {
    nodes = parseNodes(listed.stdout);
  } catch (error) {
    return { silence: `its answer is not a list of nodes: ${(error as Error).message}` };
  }
  const [addons, refusals] = await Promise.all([
    askAddons(kubectl),
    askRefusals(kubectl, nodes.map(({ metadata }) => metadata.name)[0]),
  ]);
  return { nodes, readiness, addons, refusals };
}

/** `--raw` avoids API discovery, which kubectl retries when the API is down. */
async function get(kubectl: Kubectl, path: string): Promise<{ stdout: string } | { silence: string }> {
  const { code, stdout, stderr } = await kubectl(["get", "--raw", path], timeout);
  return code === 0 ? { stdout } : { silence: lastLine(stderr) || "no answer within the timeout" };
}

async function askReadiness(kubectl: Kubectl): Promise<string | null> {
  const answer = await get(kubectl, "/readyz");
  if ("silence" in answer) return answer.silence;
  return answer.stdout === "ok" ? null : lastLine(answer.stdout) || "an empty answer";
}

/** Pulumi labels what it creates. */
async function askAddons(kubectl: Kubectl): Promise<readonly Deployment[] | null> {
  const path = "/apis/apps/v1/namespaces/kube-system/deployments?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dpulumi";
  const answer = await get(kubectl, path);
  if ("silence" in answer) return null;
  try {
    return parseDeployments(answer.stdout);
  } catch {
    return null;
  }
}
