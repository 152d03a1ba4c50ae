import type { Instance } from "../types.ts";

/** A stopped instance without groups, addresses or networks, except for the given fields. */
export const instanceWith = (fields: Partial<Instance>): Instance => ({
  id: "8c1d7a1e-5f0b-4f0e-8d52-3d2a0c6f1b11",
  name: "master-1",
  address: "198.18.1.1",
  mac: "0a:00:c6:12:01:01",
  state: "stopped",
  template: "t",
  type: "standard.medium",
  cpus: 2,
  memory: 4 * 1024 ** 3,
  diskSize: 10,
  publicKeys: [],
  securityGroups: [],
  elasticIps: [],
  antiAffinityGroups: [],
  privateNetworks: [],
  labels: {},
  createdAt: "2026-01-01T00:00:00Z",
  ...fields,
});
