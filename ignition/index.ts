export { renderMaster } from "./master.ts";
export { renderWorker } from "./worker.ts";
export { assertFits, userDataLimit, userDataSize } from "./size.ts";
export type {
  EncryptionKey,
  MasterArgs,
  Mirror,
  NodeArgs,
  NodeSettings,
  Peer,
  RebootWindow,
  WorkerArgs,
} from "./types.ts";
