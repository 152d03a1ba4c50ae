import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";

import { loadCredentials } from "../credentials.ts";
import { clientOf, type Client } from "./client.ts";

/** A zone's daemon as a process of its own. */
export interface TestDaemon {
  /** Resolves with a client once the daemon answers; rejects if it ends before. */
  readonly ready: Promise<Client>;
  /** Sends SIGKILL; resolves once the process has ended. Safe to repeat. */
  kill(): Promise<void>;
}

/** Flags of a zone without machines, with this state directory, a free port and operations of 20 ms. */
export const daemonFlags = (state: string): string[] => [
  "--machines=none",
  `--state=${state}`,
  "--listen=127.0.0.1:0",
  "--operation-delay=20",
];

export function startDaemon(state: string): TestDaemon {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../cli/main.ts"), "run", ...daemonFlags(state)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = report(child).then(({ url, error }) => {
    if (url === undefined) throw new Error(error);
    return clientOf({ ...loadCredentials(state), url });
  });
  ready.catch(() => {}); // tests that kill the daemon before it is ready may not await it
  return {
    ready,
    kill: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** The message that the daemon sends when it has started or failed to start. */
const report = (child: ChildProcess): Promise<{ url?: string; error?: string }> =>
  new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as { url?: string; error?: string }));
    child.once("exit", (code) => reject(new Error(`the daemon ended with ${code}`)));
  });
