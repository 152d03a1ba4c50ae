/** kube-bench on a living node. */
import { json, run, ssh } from "../cluster/user.ts";
import { artifact } from "../node/machine.ts";

interface Report {
  Controls: { tests: { results: Finding[] }[] }[];
}

export interface Finding {
  /** Number of the check in the CIS Kubernetes Benchmark, as `1.2.3`. */
  readonly test_number: string;
  readonly test_desc: string;
  readonly status: "PASS" | "FAIL" | "WARN" | "INFO";
}

/**
 * Runs kube-bench on a node and leaves nothing there.
 *
 * @param targets of kube-bench: `master`, `etcd`, `controlplane`, `policies`, `node`
 */
export async function findings(node: string, targets: readonly string[]): Promise<Finding[]> {
  const program = artifact("kube-bench");
  await run(
    `tar -C ${program} -cz kube-bench cfg -C ${import.meta.dirname} config.yaml run.sh | bin/ssh ${node} "mkdir cis && tar -xz -C cis"`,
  );
  const report = await json<Report>(`bin/ssh ${node} "sudo unshare --mount bash cis/run.sh ${targets.join(" ")}"`);
  await ssh(node, "rm -r cis");
  return report.Controls.flatMap(({ tests }) => tests.flatMap(({ results }) => results));
}
