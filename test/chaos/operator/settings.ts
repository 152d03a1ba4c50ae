/** Settings that an operator changes. */
import type { Random } from "../../../zone/testing/random.ts";
import type { Allowance } from "./instances.ts";

export interface Change {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly allows?: Allowance;
}

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFDYWOCYXsx/YEGKrwzFq1h/QsJXCohAlanozKzQ9lRc me@laptop";

/** One change per setting. @param workers How many there may be. */
export const good: readonly ((random: Random) => Change)[] = [
  (random) => {
    const desiredWorkers = random.int(0, 3);
    const gone = [1, 2, 3].filter((each) => each > desiredWorkers);
    return { settings: { desiredWorkers }, allows: { instances: gone.map((each) => `chaos-worker-${each}`) } };
  },
  (random) => ({ settings: { timeZone: random.pick(["Europe/Vienna", "Asia/Kolkata", "America/St_Johns"]) } }),
  (random) => ({ settings: { drainTimeout: random.pick(["1s", "90s", "25m"]) } }),
  (random) => ({ settings: { maxUnavailable: random.int(1, 3) } }),
  (random) => ({ settings: { sshSources: random.some(["192.0.2.0/24", "198.51.100.7/32", "203.0.113.0/25"]) } }),
  (random) => ({ settings: { apiSources: random.some(["0.0.0.0/0", "198.51.100.0/24", "203.0.113.0/24"]) } }),
  (random) => ({ settings: { nodePortSources: random.pick([[], ["0.0.0.0/0"], ["198.51.100.0/24"]]) } }),
  (random) => ({ settings: { workerDisk: random.pick([40, 60]) }, allows: { disks: true } }),
  () => ({ settings: { masterDisk: 60 } }),
  (random) => ({ settings: { masterType: random.pick(["standard.large", "standard.medium"]) } }),
  (random) => ({ settings: { workerType: random.pick(["standard.large", "standard.medium"]) } }),
  () => ({ settings: { masterRebootWindow: { start: "23:30", length: "2h" } } }),
  () => ({ settings: { workerRebootWindow: { start: "01:00", length: "24h" } } }),
  () => ({ settings: { sshPublicKeys: [key] } }),
  () => ({ settings: { caReplacement: 1 } }),
  () => ({ settings: { leafValidity: "4380h" } }),
  () => ({ settings: { renewBefore: "1440h" } }),
  () => ({
    settings: { template: { url: "https://images.example/next.qcow2", checksum: "fedcba9876543210fedcba9876543210" } },
    allows: { disks: true },
  }),
];

/** Values that are refused before anything is touched. */
export const bad: readonly Readonly<Record<string, unknown>>[] = [
  { zone: "local-2" },
  { masters: 3 },
  { masters: 2 },
  { podCIDR: "10.245.0.0/16" },
  { serviceCIDR: "10.97.0.0/16" },
  { serviceCIDR: "10.244.0.0/16" },
  { masterDisk: 40 },
  { masterDisk: 5 },
  { masterType: "cpu.large" },
  { workerType: "cpu.large" },
  { workerType: "large" },
  { desiredWorkers: -1 },
  { desiredWorkers: "many" },
  { maxUnavailable: 0 },
  { timeZone: "Mars/Olympus" },
  { drainTimeout: "1h" },
  { drainTimeout: "soon" },
  { sshSources: [] },
  { apiSources: ["10.0.0.0/33"] },
  { nodePortSources: ["everywhere"] },
  { sshPublicKeys: ["-----BEGIN OPENSSH PRIVATE KEY-----"] },
  { masterRebootWindow: { start: "24:00", length: "1h" } },
  { workerRebootWindow: { start: "01:00", length: "25h" } },
  { caReplacement: 5 },
  { leafValidity: "1h" },
  { template: { url: "https://images.example/flatcar.qcow2" } },
  { apiEndpoint: "ftp://api.example" },
  { waitFor: "luck" },
  { desiredWorker: 3 },
];
