/**
 * Every setting of the program: description, unit, default, check, error message.
 *
 * Pulumi.yaml has descriptions, defaults and scalar types for `pulumi config`; docs/generate/pulumi-yaml.ts writes them.
 */
import { z } from "zod";
import { podSecurityLevels } from "../pod-security.ts";
import {
  baseURL,
  cidr,
  disk,
  duration,
  endpoint,
  fields,
  hours,
  imageURL,
  instanceType,
  integer,
  list,
  oneOf,
  rebootWindow,
  registry,
  sources,
  sshPublicKeys,
  text,
  timeZone,
} from "./values.ts";

/** A setting: its description for `pulumi config` and docs/configuration.md, a valid example, and its check. */
const setting = <T extends z.ZodType>(description: string, example: unknown, check: T): T =>
  check.meta({ description, example });

/** The settings as a stack's configuration holds them. */
export const schema = z.object({
  // where
  zone: setting(
    "Exoscale zone. Cannot change while the cluster exists.",
    "ch-gva-2",
    text(/^[a-z]+(-[a-z0-9]+)*-\d+$/, "must be a zone's name"),
  ),
  apiEndpoint: setting(
    "Base URL of Exoscale's API v2; {zone} is replaced by the zone.",
    "https://api-{zone}.exoscale.com/v2",
    endpoint.default("https://api-{zone}.exoscale.com/v2"),
  ),

  // machines
  masters: setting(
    "Number of masters: 1, 3 or 5. Cannot change while the cluster exists.",
    3,
    z.literal([1, 3, 5], "must be 1, 3 or 5").default(3),
  ),
  desiredWorkers: setting(
    "Number of workers, 0 to 1000. The lowest numbers stay, without those in removedWorkers.",
    5,
    integer(0, 1000).default(3),
  ),
  removedWorkers: setting(
    "Names of workers that are removed for good. Their numbers are not used again. Lower desiredWorkers as well, or each is followed by a new one.",
    ["dev-worker-2"],
    list(text(/-worker-[1-9]\d*$/, "must be a worker's name; masters cannot be removed")).default([]),
  ),
  masterType: setting(
    "Instance type of the masters, family.size. Another one of the same family is applied to one master after the other, drained first; the family cannot change.",
    "standard.medium",
    instanceType,
  ),
  workerType: setting(
    "Instance type of the workers, family.size. Another one of the same family is applied to maxUnavailable workers at a time, drained first; the family cannot change.",
    "standard.medium",
    instanceType,
  ),
  masterDisk: setting(
    "Disk of a master in GiB, 10 to 51200 and what Exoscale gives masterType: standard.medium has at most 400. It can only grow, one master after the other, drained first.",
    50,
    disk,
  ),
  workerDisk: setting(
    "Disk of a worker in GiB, 10 to 51200 and what Exoscale gives workerType: standard.medium has at most 400. Changed on maxUnavailable workers at a time, drained first; a smaller one rebuilds them.",
    50,
    disk,
  ),
  template: setting(
    "Flatcar image that is registered as a template: url; checksum, its MD5 in hex or the path of an md5sum(1) or DIGESTS file; bootMode, legacy (default) or uefi. A new one rebuilds maxUnavailable workers at a time, drained first; masters take it when they are replaced.",
    {
      url: "https://stable.release.flatcar-linux.net/amd64-usr/4757.2.0/flatcar_production_exoscale_image.qcow2",
      checksum: "flatcar_production_exoscale_image.qcow2.DIGESTS",
      bootMode: "legacy",
    },
    fields({
      url: imageURL,
      checksum: text(/./, "must not be empty"),
      bootMode: oneOf(["legacy", "uefi"]).default("legacy"),
    }),
  ),

  // networking
  podCIDR: setting(
    "IPv4 network of the pods, a /24 of it per node. Cannot change while the cluster exists.",
    "10.244.0.0/16",
    cidr.default("10.244.0.0/16"),
  ),
  serviceCIDR: setting(
    "IPv4 network of the Services. Cannot change while the cluster exists.",
    "10.96.0.0/16",
    cidr.default("10.96.0.0/16"),
  ),
  sshSources: setting(
    "IPv4 networks that may reach the nodes' SSH. The machine that runs Pulumi must be among them.",
    ["203.0.113.7/32"],
    sources.min(1, "is required"),
  ),
  apiSources: setting(
    "IPv4 networks that may reach the Kubernetes API. The machine that runs Pulumi must be among them. One address is enough where a managed elastic IP shows masters who connects; Exoscale's training says that ports behind one have to be open to all (0.0.0.0/0).",
    ["0.0.0.0/0"],
    sources.min(1, "is required"),
  ),
  nodePortSources: setting(
    "IPv4 networks that may reach node ports 30000-32767 of the workers.",
    ["0.0.0.0/0"],
    sources.default([]),
  ),

  // access
  sshPublicKeys: setting(
    "OpenSSH public keys that may log in as core, in addition to the stack's own key.",
    ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFDYWOCYXsx/YEGKrwzFq1h/QsJXCohAlanozKzQ9lRc me@laptop"],
    sshPublicKeys.default([]),
  ),

  podSecurity: setting(
    "Pod Security Standard that is enforced in namespaces without a label of their own, kube-system apart: privileged, baseline or restricted. A new cluster begins with baseline, and what is enforced stays until this says otherwise. A stricter one is refused while it would refuse pods that run.",
    "baseline",
    oneOf(podSecurityLevels).optional(),
  ),

  // updates
  masterRebootWindow: setting(
    "When masters may reboot for an update: start HH:MM, length as a Go duration up to 24h.",
    { start: "04:00", length: "1h" },
    rebootWindow("04:00"),
  ),
  workerRebootWindow: setting(
    "When workers may reboot for an update: start HH:MM, length as a Go duration up to 24h.",
    { start: "05:00", length: "1h" },
    rebootWindow("05:00"),
  ),
  timeZone: setting("Time zone of the reboot windows, an IANA name.", "Europe/Zurich", timeZone),
  maxUnavailable: setting(
    "How many workers may be down at the same time while they are changed.",
    1,
    integer(1, 1000).default(1),
  ),
  drainTimeout: setting(
    "How long the pods of a node that goes down may resist eviction, be it for an update, a reboot or a removal. A Go duration up to 25m.",
    "5m",
    // systemd forces a reboot after half an hour (JobTimeoutSec= of reboot.target).
    duration(1, 1500, "from 1s to 25m").prefault("5m"),
  ),

  // certificates
  leafValidity: setting(
    "How long certificates of nodes and components are valid, a Go duration of whole hours.",
    "8760h",
    hours(1).prefault("8760h"),
  ),
  renewBefore: setting(
    "How long before they expire certificates are renewed by `pulumi up`, a Go duration of whole hours.",
    "720h",
    hours(0).prefault("720h"),
  ),
  caValidity: setting(
    "How long the certificate authorities are valid, a Go duration of whole hours.",
    "87600h",
    hours(1).prefault("87600h"),
  ),
  caReplacement: setting(
    "Steps taken to replace the certificate authorities. A replacement takes three: raise it by one and run a whole `pulumi up` each time.",
    1,
    integer(0, 3000).default(0),
  ),
  keyReplacement: setting(
    "Steps taken to replace the keys of SSH, of service accounts' tokens, of Secrets and of the nodes' SSH host keys. A replacement takes three: raise it by one and run a whole `pulumi up` each time.",
    1,
    integer(0, 3000).default(0),
  ),

  // advanced
  mirror: setting(
    "Where nodes fetch instead of upstream, under upstream's paths: files, a base URL; registries, host:port[/prefix]; ca, path of the PEM of their CA; checksums, path of a sha256sum(1) manifest of the files.",
    {
      files: "https://mirror.example",
      registries: "mirror.example:5000",
      ca: "mirror-ca.pem",
      checksums: "SHA256SUMS",
    },
    fields({
      files: baseURL.optional(),
      registries: registry.optional(),
      ca: text(/./, "must not be empty").optional(),
      checksums: text(/./, "must not be empty").optional(),
    }).default({}),
  ),
  waitFor: setting(
    "When `pulumi up` ends: cluster, when nodes are Ready and DNS answers; instances, when Exoscale's API says running, without add-ons and drains.",
    "cluster",
    oneOf(["cluster", "instances"]).default("cluster"),
  ),
});

/** The settings after their checks, as far as one setting can be checked without the others. */
export type Raw = z.infer<typeof schema>;
