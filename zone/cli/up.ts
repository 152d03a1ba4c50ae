import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

import { askDaemon, type ZoneStatus } from "../admin-client.ts";
import type { ZoneOptions } from "../options.ts";
import { lastLines } from "../services/process.ts";
import { traitsIn } from "../traits.ts";
import type { StartReport } from "./run.ts";
import { traitFlags } from "./traits.ts";

/**
 * Starts the zone's daemon in the background and waits until it answers; does nothing if it runs already.
 *
 * @throws Error if it does not start, or runs with other options
 */
export async function up(options: ZoneOptions): Promise<void> {
  const socket = join(options.state, "admin.sock");
  const before = await askDaemon<ZoneStatus>(socket, "GET", "/status");
  if (before !== undefined) {
    refuseDifferent(before.options, options);
    console.log(`Zone ${before.name} runs already: ${sentence(before)}`);
    return;
  }
  await startDaemon(options);
  const now = await askDaemon<ZoneStatus>(socket, "GET", "/status");
  if (now === undefined || !(await fetch(`${now.url}/zone`)).ok) {
    throw new Error(`the zone started and went away again: see ${join(options.state, "zone.log")}`);
  }
  console.log(`Zone ${now.name} runs: ${sentence(now)}`);
}

async function startDaemon(options: ZoneOptions): Promise<void> {
  mkdirSync(options.state, { recursive: true, mode: 0o700 });
  const logFile = join(options.state, "zone.log");
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), "run", ...flags(options)], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
  const report = await startReport(child);
  child.unref();
  if (report === undefined) {
    throw new Error(`the zone ended while starting; the end of ${logFile}:\n${await lastLines(logFile, 5)}`);
  }
  if ("error" in report) throw new Error(report.error);
}

/** Resolves with the daemon's report of its start, or undefined if it ended without one. */
const startReport = (child: ChildProcess): Promise<StartReport | undefined> =>
  new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as StartReport));
    child.once("exit", () => resolve(undefined));
    child.once("error", reject);
  });

function flags(options: ZoneOptions): string[] {
  const { state, name, machines, host, port, network, networkName, mirror, template } = options;
  return [
    `--state=${state}`,
    ...(name === undefined ? [] : [`--name=${name}`]),
    `--machines=${machines}`,
    `--listen=${host}:${port}`,
    `--network=${network}`,
    `--network-name=${networkName}`,
    ...(mirror === undefined ? [] : [`--mirror=${mirror}`]),
    ...(template === undefined ? [] : [`--template=${template}`]),
    // A zone of a version before may lack some.
    ...traitFlags(traitsIn(options)),
  ];
}

function refuseDifferent(running: ZoneOptions, wanted: ZoneOptions): void {
  const is = flags(running);
  const different = flags(wanted).filter((flag) => !is.includes(flag));
  if (different.length > 0) {
    throw new Error(
      `a zone runs on ${running.state} already, without ${different.join(" ")}: end it first with bin/zone down`,
    );
  }
}

const sentence = ({ url, pid, options, instances }: ZoneStatus): string =>
  `API at ${url}, ${options.machines === "docker" ? `instances as containers in ${options.network}` : "no machines"}, ` +
  `${instances.length} instance${instances.length === 1 ? "" : "s"}, credentials in ${join(options.state, "credentials")}, process ${pid}.`;
