/** The client of the daemon's admin socket. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import type { FamilyStatuses } from "./families/index.ts";
import type { ZoneOptions } from "./options.ts";

/** What `GET /status` on the admin socket answers: the zone, and its resources by family. */
export interface ZoneStatus extends FamilyStatuses {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly options: ZoneOptions;
  readonly pendingOperations: number;
  /** Requests to the API since the daemon started. */
  readonly apiCalls: number;
}

/**
 * Asks the daemon of a zone on its admin socket.
 *
 * @returns the answer, or undefined if no daemon listens there
 * @throws Error with the daemon's own message if it answers with an error
 */
export async function askDaemon<T>(
  socket: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<T | undefined> {
  const response = await new Promise<IncomingMessage | undefined>((resolve, reject) => {
    const request = httpRequest({ socketPath: socket, method, path, agent: false }, resolve);
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else reject(error);
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
  if (response === undefined) return undefined;
  const content: unknown = JSON.parse(await text(response));
  if (response.statusCode !== 200) throw new Error((content as { message: string }).message);
  return content as T;
}
