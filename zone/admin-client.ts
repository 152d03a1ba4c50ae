/** What the command line and the daemon say to each other over the admin socket. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import type { ZoneOptions } from "./options.ts";

/** What `GET /status` on the admin socket answers. */
export interface ZoneStatus {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly options: ZoneOptions;
  readonly instances: readonly InstanceStatus[];
  readonly elasticIps: readonly ElasticIpStatus[];
  readonly privateNetworks: readonly PrivateNetworkStatus[];
  readonly templates: readonly Named[];
  readonly sshKeys: readonly { readonly name: string }[];
  readonly securityGroups: readonly Named[];
  readonly antiAffinityGroups: readonly Named[];
  readonly pendingOperations: number;
  /** Requests to the API since the daemon started. */
  readonly apiCalls: number;
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface InstanceStatus {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly type: string;
  readonly address: string | null;
  readonly securityGroups: readonly string[];
  readonly elasticIps: readonly string[];
  readonly createdAt: string;
}

export interface ElasticIpStatus {
  readonly id: string;
  readonly address: string;
  readonly description?: string;
  /** e.g. `https:6443/readyz`; a plain elastic IP has none. */
  readonly healthcheck?: string;
  /** Instances by name. */
  readonly holders: readonly string[];
}

export interface PrivateNetworkStatus {
  readonly id: string;
  readonly name: string;
  /** e.g. `10.0.0.10-10.0.0.99`; an unmanaged network has none. */
  readonly range?: string;
  /** Instances by name, with the address leased to each. */
  readonly members: readonly { readonly instance: string; readonly ip?: string }[];
}

/**
 * Asks the daemon of a zone on its admin socket.
 *
 * @returns the answer, or undefined if no daemon listens there
 * @throws Error with the daemon's own message if it refuses
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
  const content = JSON.parse(await text(response));
  if (response.statusCode !== 200) throw new Error(content.message);
  return content as T;
}
