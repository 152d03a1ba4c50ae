import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Instance, Inventory } from "../types.ts";

export interface MetadataOptions {
  readonly inventory: Pick<Inventory, "instances">;
  /** Where to listen. The kernel chooses the port; packets to port 80 are redirected to it. */
  readonly address: string;
  /** Value of `availability-zone`. */
  readonly zone: string;
}

export interface MetadataService {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Starts Exoscale's metadata service: `/{1.0,latest}/user-data` and `/{1.0,latest}/meta-data/<key>`. The
 * source address identifies the caller, which the packet filter guarantees; a caller reads only its own data.
 */
export async function startMetadata({ inventory, address, zone }: MetadataOptions): Promise<MetadataService> {
  const server = createServer((request, response) => {
    const caller = callerOf(inventory, request.socket.remoteAddress);
    const known = request.method === "GET" || request.method === "HEAD";
    const body = caller === undefined || !known ? undefined : answer(request.url ?? "/", caller, zone);
    if (body === undefined) response.writeHead(known ? 404 : 405, { "content-type": "text/plain" }).end();
    else
      response
        .writeHead(200, { "content-type": typeof body === "string" ? "text/plain" : "application/octet-stream" })
        .end(body);
  });
  server.listen(0, address);
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

function callerOf(inventory: Pick<Inventory, "instances">, address: string | undefined): Instance | undefined {
  return [...inventory.instances.values()].find(
    (instance) => instance.address !== null && instance.address === address,
  );
}

/**
 * The body of an answer: a text, or the user-data's bytes; undefined if there is no such path. Like CloudStack's, from
 * which Exoscale's service derives, it has each key of `meta-data/` one level higher too: Flatcar reads `public-keys` there.
 */
export function answer(url: string, instance: Instance, zone: string): string | Buffer | undefined {
  const path = /^\/(?:1\.0|latest)(?:\/(?<rest>[^?]*))?(?:\?.*)?$/.exec(url);
  if (path === null) return undefined;
  const rest = path.groups?.["rest"] ?? "";
  // No user-data is an empty answer, not an error: a machine boots without it.
  if (rest === "user-data") return Buffer.from(instance.userData ?? "", "base64");
  if (rest === "") return "meta-data/\nuser-data\n";
  const values = metadataOf(instance, zone);
  const key = rest.replace(/^meta-data(\/|$)/, "");
  return key === "" ? [...values.keys(), ""].join("\n") : values.get(key);
}

const metadataOf = (instance: Instance, zone: string): Map<string, string> =>
  new Map([
    ["availability-zone", zone],
    ["cloud-identifier", `CloudStack-{${zone}}`],
    ["instance-id", instance.id],
    ["local-hostname", instance.name],
    ["local-ipv4", instance.address ?? ""],
    ["public-hostname", instance.name],
    ["public-ipv4", instance.address ?? ""],
    ["public-keys", instance.publicKeys.map((key) => `${key.trim()}\n`).join("")],
    ["service-offering", instance.type],
    ["vm-id", instance.id],
  ]);

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}
