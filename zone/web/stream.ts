import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Sends one event; `data` is any JSON value. */
export type Send = (event: string, data: unknown) => void;

/** Sends what is new; returns false if nothing more will follow. */
export type Step = (send: Send) => Promise<boolean> | boolean;

/**
 * Sends server-sent events while the client listens. `step` sends what is new and runs again `pause` milliseconds
 * later; it does not run while the client reads too slowly, so events do not pile up.
 */
export async function stream(response: ServerResponse, pause: number, step: Step): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write("retry: 1000\n\n");
  const send: Send = (event, data) => void response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  while (!gone.signal.aborted) {
    if (!response.writableNeedDrain && !(await step(send))) break;
    await sleep(pause, undefined, { signal: gone.signal }).catch(() => {});
  }
  response.end();
}
