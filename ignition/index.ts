export { renderMaster } from "./master.ts";
export { renderWorker } from "./worker.ts";
export { assertFits, userDataSize } from "./size.ts";
export type { EncryptionKey, MasterArgs, Mirror, NodeArgs, Peer, RebootWindow, WorkerArgs } from "./types.ts";
