/** The clusters of all parts of one run: what two parts ask for is made once. */
import { bootstrapKubeadm } from "./kubeadm/bootstrap.ts";
import { bootstrapOurs, type Ours } from "./ours.ts";
import type { Bootstrapped } from "./phases.ts";
import { Site } from "./site.ts";

export class Lab extends Site {
  #kubeadm: Promise<Bootstrapped> | undefined;
  #ours: Promise<Ours> | undefined;

  /** kubeadm's cluster came and went. */
  kubeadm(): Promise<Bootstrapped> {
    return (this.#kubeadm ??= bootstrapKubeadm(this));
  }

  /** Our cluster came, and stays. kubeadm's, if it is to be measured at all, has to be gone before. */
  ours(): Promise<Ours> {
    return (this.#ours ??= bootstrapOurs(this));
  }
}
