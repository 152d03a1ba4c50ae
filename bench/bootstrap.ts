/** Time from nothing to six Ready nodes and a DNS that answers: our cluster, and kubeadm's in the same zone. */
import { round, type Part, type PartOptions } from "./part.ts";

export async function measure({ lab }: PartOptions): Promise<Part> {
  // One after the other: each has the host to itself.
  const kubeadm = await lab.kubeadm();
  const ours = await lab.ours();
  const ratio = ours.seconds / kubeadm.seconds;
  const rows = (who: string, { seconds, phases }: typeof kubeadm) => [
    ...phases.map((phase) => [who, phase.name, round(phase.seconds)]),
    [who, "total", round(seconds)],
  ];
  return {
    title: `From nothing to six nodes Ready and DNS answering: ours takes ${round(ratio, 2)} of kubeadm's time`,
    columns: ["cluster", "phase", "s"],
    rows: [...rows("ours", ours), ...rows("kubeadm", kubeadm)],
    values: {
      ratio: round(ratio, 3),
      ours: { seconds: ours.seconds, phases: ours.phases },
      kubeadm: { seconds: kubeadm.seconds, phases: kubeadm.phases },
    },
  };
}
