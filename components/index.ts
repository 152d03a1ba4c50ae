/** The library: what `import ... from "kubernetes-on-exoscale"` provides. docs/integration.md has an example. */
export type { Mirror, NodeSettings, RebootWindow } from "../ignition/index.ts";
export { ClusterShape, SshKey, Template, type ApiArgs } from "../provider/index.ts";
export { Addons, type AddonsArgs } from "./addons/addons.ts";
export { ApiEndpoint, type ApiEndpointArgs } from "./api-endpoint.ts";
export type { ClusterArgs, Node, PoolArgs } from "./cluster.ts";
export { kubeconfig } from "./kubeconfig.ts";
export { MasterPool, type MasterPoolArgs } from "./master-pool.ts";
export { Pki, publicLine, type PkiArgs } from "./pki.ts";
export { SecurityGroups, type SecurityGroupsArgs } from "./security-groups.ts";
export { WorkerPool, type WorkerPoolArgs } from "./worker-pool.ts";
