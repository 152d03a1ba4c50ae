import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import type { Api } from "./api/index.ts";
import type { Zone } from "./api/zone.ts";
import type { InstanceRecord } from "./families/instances/record.ts";
import { settle } from "./families/instances/transitions.ts";
import type { ZoneOptions } from "./options.ts";
import { statusOf } from "./status.ts";
import { announceUpdate, nextVersion } from "./updates.ts";

/** What requests may send; each route reads its own fields. */
interface Body {
  readonly instance?: string;
  readonly instances?: readonly string[];
  readonly version?: string;
}

type Route = (url: URL, body: Body) => unknown;

/**
 * Opens the interface for the zone's command line, beside the API: a Unix socket that only its owner can use. Resolves
 * with a function that closes it.
 */
export async function openAdmin(
  socket: string,
  options: ZoneOptions,
  running: { readonly api: Api; remove(): Promise<void> },
  log: (line: string) => void,
): Promise<() => Promise<void>> {
  const { zone, faults } = running.api;
  const routes: Readonly<Record<string, Route>> = {
    "GET /status": () => statusOf(zone, options),
    "POST /kill": (_url, body) => kill(zone, findInstance(zone, body.instance ?? "")),
    "POST /pause": (_url, body) => zone.machines.pause(findGuest(zone, body.instance ?? "")),
    "POST /resume": (_url, body) => zone.machines.resume(findGuest(zone, body.instance ?? "")),
    "POST /update": async (_url, body) => {
      const names = body.instances ?? [];
      const instances = names.length > 0 ? names.map((name) => findInstance(zone, name)) : runningIn(zone);
      if (instances.length === 0) throw new Error("no instance is running");
      const version = body.version ?? nextVersion(zone);
      await announceUpdate(zone, instances, version);
      return { version, instances: instances.map(({ name }) => name) };
    },
    "GET /console": async (url) => ({
      log: await zone.machines.consoleLog(findInstance(zone, url.searchParams.get("instance") ?? "")),
    }),
    "GET /faults": () => faults.list(),
    "POST /faults": (_url, body) => ({ id: faults.add(body) }),
    "DELETE /faults": (url) => {
      const id = url.searchParams.get("id");
      if (id === null) faults.clear();
      else if (!faults.remove(id)) throw new Error(`there is no fault ${id}`);
    },
    "POST /down": () =>
      running.remove().then(exit, (error: Error) => {
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
  rmSync(socket, { force: true }); // a crash leaves it behind; the state's lock excludes another listener
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
  return route(url, body === "" ? {} : (JSON.parse(body) as Body));
}

function findInstance(zone: Zone, nameOrId: string): InstanceRecord {
  const found = [...zone.state.instances.values()].filter(({ id, name }) => id === nameOrId || name === nameOrId);
  if (found.length === 1) return found[0]!;
  throw new Error(
    found.length === 0
      ? `there is no instance ${nameOrId}`
      : `${found.length} instances are named ${nameOrId}: give an id, one of ${found.map(({ id }) => id).join(", ")}`,
  );
}

/** Immediately, whatever the instance is doing: a power cut does not wait for a shutdown. */
async function kill(zone: Zone, instance: InstanceRecord): Promise<void> {
  await zone.machines.kill(instance);
  settle(zone, instance.id, ["running"], { state: "stopped" });
  await zone.network.apply();
}

const runningIn = (zone: Zone): InstanceRecord[] =>
  [...zone.state.instances.values()].filter(({ state, unbooted }) => state === "running" && !unbooted);

/** An instance with a guest, also while it starts or stops. */
function findGuest(zone: Zone, name: string): InstanceRecord {
  const instance = findInstance(zone, name);
  if (!["starting", "running", "stopping"].includes(instance.state))
    throw new Error(`instance ${name} is ${instance.state}, not running`);
  if (instance.unbooted) throw new Error(`instance ${name} never booted, by the fault never-boots`);
  return instance;
}

/** After the answer has gone out. */
const exit = (): void => void setTimeout(() => process.exit(0), 50);
