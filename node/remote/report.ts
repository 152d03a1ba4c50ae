/**
 * What a node says of itself: the one JSON object that the script `report` beside this file prints, and the
 * reboot lock as `reboot-lock` prints it. What could not be asked is null. Times are ISO 8601 in UTC.
 *
 * Loads zod: whatever a preview loads imports types only, and the schemas once it needs them.
 */
import { z } from "zod";
import { oneLine } from "./words.ts";

const text = z.string().transform(oneLine);
const time = z.iso.datetime();

export const lockHolder = z.object({
  /** A node's machine-id, or `NAME since TIME` of another taker (`pulumi`, `removal of dev-worker-3`). */
  id: text,
  /** The node's name, where the id is a node's machine-id and the API knows it. */
  node: text.nullable(),
  /** From the id, or the node's own drain; null where neither says. */
  since: time.nullable(),
});

/** The cluster's reboot lock. */
export const lockReport = z.object({
  /** At most one. */
  holders: z.array(lockHolder),
  /**
   * Nodes that drained themselves and are not back in service, and for how many seconds; empty where the API does not
   * answer.
   */
  drainedSeconds: z.record(z.string(), z.number()),
});

/** When a node may go down for an update. */
export const windowReport = z.object({
  /** Local start, `HH:MM`. */
  start: text,
  /** Seconds. */
  length: z.number(),
  /** IANA name; `start` is in it. */
  timeZone: text,
  isOpen: z.boolean(),
  /** The next time it opens; null for a window of 24 h, which is always open. */
  opens: time.nullable(),
  /** Whether locksmithd runs: only in an open window, while all nodes are healthy and the lock is free or its own. */
  locksmithd: z.boolean(),
  /** What locksmithd waits for while the window is open; null while it is closed. */
  waitsFor: text.nullable(),
});

/** What update-engine says. */
export const updateReport = z.object({
  /** `UPDATE_STATUS_IDLE`, `UPDATE_STATUS_UPDATED_NEED_REBOOT`, ... */
  status: text,
  /** The version that is being fetched, or installed and waits for a reboot; null for none. */
  version: text.nullable(),
  /** The engine's last check, which found the update: it makes none while one waits. null if not known. */
  since: time.nullable(),
});

export const certificateReport = z.object({
  /** File name without `.crt`: `kubelet`, `apiserver`, `infra-etcd-ca`. */
  name: text,
  notAfter: time,
});

/** One member of an etcd. Where it does not answer, everything but `isHealthy` is null. */
export const etcdReport = z.object({
  /** By its own word: it has a leader and commits. */
  isHealthy: z.boolean(),
  /** In decimal, as etcd's JSON gateway writes it. */
  memberId: text.nullable(),
  leaderId: text.nullable(),
  version: text.nullable(),
  /** Bytes. */
  dbSize: z.number().nullable(),
  /** Every member that the cluster knows; a member that never started has an empty name. */
  members: z.array(z.object({ id: text, name: text, isLearner: z.boolean() })).nullable(),
  /** Such as `NOSPACE`. */
  alarms: z.array(text).nullable(),
});

export const nodeReport = z.object({
  name: text,
  role: z.enum(["master", "worker"]),
  /** /proc/sys/kernel/random/boot_id. */
  bootId: text,
  /** When this boot began. */
  upSince: time,
  /** PRETTY_NAME of /etc/os-release. */
  os: text,
  /** VERSION_ID of /etc/os-release. */
  osVersion: text,
  /** `v1.36.4`; null before it is installed. */
  kubelet: text.nullable(),
  /** Lines of the script `health`, without the node's name: what is unhealthy, and where to look. */
  problems: z.array(text),
  /** Since when the node is drained by itself, to go down or coming back; null if it is not. */
  drainedSince: time.nullable(),
  window: windowReport,
  /** null where update-engine does not answer. */
  update: updateReport.nullable(),
  /** Every certificate in /run/kubernetes/pki, authorities (`...-ca.crt`) included. */
  certificates: z.array(certificateReport),
  /** This master's members of both etcds; null on a worker. */
  etcd: z.object({ kubernetes: etcdReport, infra: etcdReport }).nullable(),
  /** As this node sees it; any node can ask. null where infra-etcd does not answer. */
  lock: lockReport.nullable(),
});

export type LockReport = z.infer<typeof lockReport>;
export type EtcdReport = z.infer<typeof etcdReport>;
export type NodeReport = z.infer<typeof nodeReport>;
