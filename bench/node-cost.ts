/** Memory and CPU of idle nodes, ours and kubeadm's. */
import { round, type Part, type PartOptions } from "./part.ts";

export async function measure({ lab }: PartOptions): Promise<Part> {
  const [kubeadm, ours] = [(await lab.kubeadm()).idle!, (await lab.ours()).idle!];
  const row = (who: string, role: "master" | "worker", { [role]: { memory, cpu } }: typeof ours) => [
    who,
    role,
    Math.round(memory),
    round(cpu),
  ];
  return {
    title: "An idle node, the whole machine: mean of three over a minute",
    columns: ["cluster", "node", "memory, MiB", "% of a CPU"],
    rows: (["master", "worker"] as const).flatMap((role) => [row("ours", role, ours), row("kubeadm", role, kubeadm)]),
    values: { ours, kubeadm },
  };
}
