/** The components as a library: what `import ... from "kubernetes-on-exoscale"` finds. docs/integration.md has a program. */
export { ClusterShape, SshKey, Template, type ApiArgs } from "../exoscale/index.ts";
export { Addons, type AddonsArgs } from "./Addons.ts";
export { ApiEndpoint, type ApiEndpointArgs } from "./ApiEndpoint.ts";
export type { ClusterArgs, Node, PoolArgs } from "./cluster.ts";
export { publicLine } from "./commands.ts";
export { kubeconfig } from "./kubeconfig.ts";
export { MasterPool, type MasterPoolArgs } from "./MasterPool.ts";
export { Pki, type PkiArgs } from "./Pki.ts";
export { SecurityGroups, type SecurityGroupsArgs } from "./SecurityGroups.ts";
export { WorkerPool, type WorkerPoolArgs } from "./WorkerPool.ts";
