import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import type { Named, ZoneStatus } from "./admin-client.ts";
import type { Fault } from "./api/faults.ts";
import { settle } from "./api/routes/instance-actions.ts";
import type { Zone } from "./api/zone.ts";
import type { RunningZone, ZoneOptions } from "./daemon.ts";
import type { InstanceRecord } from "./records.ts";

type Route = (url: URL, body: any) => unknown;

/**
 * Opens the zone's own surface, beside the API, for its command line: a Unix socket that only its owner can use.
 * Resolves with a function that closes it.
 */
export async function openAdmin(
  socket: string, options: ZoneOptions, running: RunningZone, log: (line: string) => void,
): Promise<() => Promise<void>> {
  const { zone, faults, queue } = running.api;
  const routes: Readonly<Record<string, Route>> = {
    "GET /status": () => status(zone, options),
    "POST /kill": (_url, body) => {
      const { id } = findInstance(zone, body.instance);
      return queue(id, () => kill(zone, id));
    },
    "GET /console": async (url) => ({
      log: await zone.machines.consoleLog(findInstance(zone, url.searchParams.get("instance") ?? "")),
    }),
    "GET /faults": () => faults.list(),
    "POST /faults": (_url, body) => ({ id: faults.add(body as Fault) }),
    "DELETE /faults": () => faults.clear(),
    "POST /down": () => running.remove().then(exit, (error: Error) => {
      log(`removing the zone failed: ${error.message}`);
      throw error;
    }),
  };
  const server = createServer((request, response) => {
    void answer(request, routes).then(
      (content) => response.end(JSON.stringify(content ?? {})),
      (error: Error) => response.writeHead(400).end(JSON.stringify({ message: error.message })),
    );
  });
  if (Buffer.byteLength(socket) > 107) {
    throw new Error(`${socket} is too long for a Unix socket (107 bytes): give a shorter --state`);
  }
  rmSync(socket, { force: true }); // a crash leaves it behind; the state's lock says that nobody else listens
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(socket, resolve));
  chmodSync(socket, 0o600);
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

async function answer(request: IncomingMessage, routes: Readonly<Record<string, Route>>): Promise<unknown> {
  const url = new URL(request.url ?? "/", "http://zone");
  const route = routes[`${request.method} ${url.pathname}`];
  if (route === undefined) throw new Error(`no route ${request.method} ${url.pathname}`);
  const body = await text(request);
  return route(url, body === "" ? {} : JSON.parse(body));
}

function findInstance(zone: Zone, nameOrId: string): InstanceRecord {
  const found = [...zone.state.instances.values()].filter(({ id, name }) => id === nameOrId || name === nameOrId);
  if (found.length === 1) return found[0]!;
  throw new Error(found.length === 0
    ? `there is no instance ${nameOrId}`
    : `${found.length} instances are named ${nameOrId}: give an id, one of ${found.map(({ id }) => id).join(", ")}`);
}

async function kill(zone: Zone, id: string): Promise<void> {
  const instance = zone.state.instances.get(id);
  if (instance === undefined) return;
  await zone.machines.kill(instance);
  settle(zone, id, ["running"], { state: "stopped" });
  await zone.network.apply();
}

function status(zone: Zone, options: ZoneOptions): ZoneStatus {
  const { state } = zone;
  return {
    name: zone.name,
    url: zone.url,
    pid: process.pid,
    options,
    instances: [...state.instances.values()].map((instance) => ({
      id: instance.id,
      name: instance.name,
      state: instance.state,
      type: instance.type,
      address: instance.address,
      securityGroups: instance.securityGroups.flatMap((id) => state.securityGroups.get(id)?.name ?? []),
      elasticIps: instance.elasticIps.flatMap((id) => state.elasticIps.get(id)?.address ?? []),
      createdAt: instance.createdAt,
    })),
    elasticIps: [...state.elasticIps.values()].map(({ id, address, description }) => ({ id, address, description })),
    templates: named(state.templates),
    sshKeys: [...state.sshKeys.values()].map(({ id }) => ({ name: id })),
    securityGroups: named(state.securityGroups),
    antiAffinityGroups: named(state.antiAffinityGroups),
    pendingOperations: [...state.operations.values()].filter((operation) => operation.state === "pending").length,
    apiCalls: zone.apiCalls,
  };
}

const named = (records: ReadonlyMap<string, Named>): Named[] => [...records.values()].map(({ id, name }) => ({ id, name }));

/** After the answer has gone out. */
const exit = (): void => void setTimeout(() => process.exit(0), 50);
