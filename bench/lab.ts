/** The clusters that the parts of a run share: each is created once, when a part first asks for it. */
import { bootstrapKubeadm } from "./kubeadm/bootstrap.ts";
import { bootstrapOurs, type Ours } from "./ours.ts";
import type { Bootstrapped } from "./phases.ts";
import { Site } from "./site.ts";

export class Lab extends Site {
  #kubeadm: Promise<Bootstrapped> | undefined;
  #ours: Promise<Ours> | undefined;

  /** Creates, measures and removes kubeadm's cluster. */
  kubeadm(): Promise<Bootstrapped> {
    return (this.#kubeadm ??= bootstrapKubeadm(this));
  }

  /** Creates and measures our cluster, which stays. kubeadm's must have been measured before, if it is at all. */
  ours(): Promise<Ours> {
    return (this.#ours ??= bootstrapOurs(this));
  }
}
