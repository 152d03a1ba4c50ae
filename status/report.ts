/**
 * What a node says of itself: the one JSON object that `sudo bash /run/kubernetes/bin/report` prints there
 * (`ignition/files/node/report`). It answers within half a minute whatever is broken; what could not be asked is null.
 * Times are ISO 8601 in UTC.
 */
export interface NodeReport {
  readonly name: string;
  readonly role: "master" | "worker";
  /** /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** When this boot began. */
  readonly upSince: string;
  /** /etc/os-release's PRETTY_NAME. */
  readonly os: string;
  /** /etc/os-release's VERSION_ID. */
  readonly osVersion: string;
  /** `v1.36.4`; null before it is installed. */
  readonly kubelet: string | null;
  /** Lines of `bin/health` without the node's name: what is not well on this node, with where to look. */
  readonly problems: readonly string[];
  /** Since when the node is drained by itself, to go down or coming back; null when it is not. */
  readonly drainedSince: string | null;
  readonly window: RebootWindowReport;
  /** What update-engine says; null where it does not answer. */
  readonly update: UpdateReport | null;
  /** Every certificate in /run/kubernetes/pki, authorities (`...-ca.crt`) included. */
  readonly certificates: readonly CertificateReport[];
  /** This master's members of both etcds; null on a worker. */
  readonly etcd: { readonly kubernetes: EtcdReport; readonly infra: EtcdReport } | null;
  /** The fleet's one reboot lock as this node sees it (any node can ask); null where infra-etcd does not answer. */
  readonly lock: LockReport | null;
}

/** When this node may go down for an update. */
export interface RebootWindowReport {
  /** Local start `HH:MM`, seconds of its length, and the time zone both are meant in. */
  readonly start: string;
  readonly length: number;
  readonly timeZone: string;
  readonly isOpen: boolean;
  /** The next time it opens; null for a window of 24 h, which is always open. */
  readonly opens: string | null;
  /** Whether locksmithd runs: only in an open window, while the whole fleet is well and the lock is free or its own. */
  readonly locksmithd: boolean;
  /** Why it does not, while the window is open: what `bin/reboot-window` waits for. */
  readonly waitsFor: string | null;
}

export interface UpdateReport {
  /** `UPDATE_STATUS_IDLE`, `UPDATE_STATUS_UPDATED_NEED_REBOOT`, ... as update-engine writes it. */
  readonly status: string;
  /** The version that is installed and waits for a reboot, or is being fetched; null for none. */
  readonly version: string | null;
  /** When it was found: the engine's last check, since it makes no further one while an update waits; null when not known. */
  readonly since: string | null;
}

export interface CertificateReport {
  /** File name without `.crt`: `kubelet`, `apiserver`, `infra-etcd-ca`. */
  readonly name: string;
  readonly notAfter: string;
}

export interface EtcdReport {
  /** Healthy by its own word: it has a leader and commits. */
  readonly isHealthy: boolean;
  /** Member id in decimal, as etcd's JSON gateway writes it; null when it does not answer, as all below. */
  readonly memberId: string | null;
  readonly leaderId: string | null;
  readonly version: string | null;
  /** Bytes. */
  readonly dbSize: number | null;
  /** Every member that the cluster knows; a member that never started has no name. */
  readonly members: readonly { readonly id: string; readonly name: string; readonly isLearner: boolean }[] | null;
  /** Alarms such as NOSPACE. */
  readonly alarms: readonly string[] | null;
}

export interface LockReport {
  /** Whoever holds it; at most one. */
  readonly holders: readonly LockHolder[];
  /** Every node that is drained by itself, going down or coming back, and for how many seconds; empty where the API does not answer. */
  readonly drainedSeconds: Readonly<Record<string, number>>;
}

export interface LockHolder {
  /** A node's machine-id, or `NAME since TIME` of another taker (`pulumi`, `removal of dev-worker-3`). */
  readonly id: string;
  /** The node's name, where the id is a node's machine-id and the API knows it. */
  readonly node: string | null;
  /** From the id, or the node's own drain; null where neither says. */
  readonly since: string | null;
}
