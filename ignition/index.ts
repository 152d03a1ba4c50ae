export { renderMaster } from "./master.ts";
export { renderWorker } from "./worker.ts";
export { assertFits, userDataSize } from "./size.ts";
export type { MasterArgs, Mirror, NodeArgs, Peer, RebootWindow, WorkerArgs } from "./types.ts";
