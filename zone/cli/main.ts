/** `bin/zone`: the local zone's command line. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Argument, Command, InvalidArgumentError, Option } from "commander";

import { FAULT_KINDS, type Fault } from "../api/faults.ts";
import type { ZoneOptions } from "../options.ts";
import { askDaemon } from "../admin-client.ts";
import type { Profile } from "../traits.ts";
import { traitOptions, traitsGiven } from "./traits.ts";

const local = resolve(import.meta.dirname, "../../.local");

interface Flags {
  readonly state: string;
  readonly name?: string;
  readonly machines: "docker" | "none";
  readonly listen: { readonly host: string; readonly port: number };
  readonly network: string;
  readonly networkName: string;
  readonly mirror?: string;
  readonly template?: string;
  readonly profile: Profile;
}

interface FaultFlags {
  readonly clear?: true;
  /** A fault's id. */
  readonly remove?: string;
}

// Commands import what they need when they run: the API alone takes half a second to load.
const program = new Command("zone").description(
  "A local Exoscale zone: its API on this machine, instances as containers.",
);

const command = (name: string, description: string): Command =>
  program
    .command(name)
    .description(description)
    .option(
      "--state <directory>",
      "where the zone keeps everything",
      (path: string) => resolve(path),
      join(local, "zone"),
    );

function zoneCommand(name: string, description: string): Command {
  const zone = command(name, description)
    .addOption(
      new Option("--machines <kind>", "docker: instances are containers; none: the API alone")
        .choices(["docker", "none"])
        .default("docker"),
    )
    .option(
      "--name <name>",
      "the zone's name in the API, like ch-gva-2 (default: as before, local-1 at first)",
      zoneName,
    )
    .option("--listen <host:port>", "address of the API", parseListen, parseListen("127.0.0.1:8180"))
    .option("--network <cidr>", "the zone's network", "198.18.0.0/16")
    .option("--network-name <name>", "name of the engine's network, for a second zone beside the first", "exozone")
    .option(
      "--mirror <directory>",
      "files and images served under upstream's names",
      directory,
      present(join(local, "mirror")),
    )
    .option("--template <directory>", "the node image to serve", directory, present(join(local, "template")));
  for (const option of traitOptions()) zone.addOption(option);
  return zone;
}

zoneCommand("up", "start the zone in the background, if it does not run yet").action(
  async (flags: Flags, given: Command) => (await import("./up.ts")).up(optionsFrom(flags, given)),
);

zoneCommand("run", "run the zone in the foreground").action(async (flags: Flags, given: Command) =>
  (await import("./run.ts")).run(optionsFrom(flags, given)),
);

command("down", "stop and remove the zone: instances, network, credentials, state").action(async (flags: Flags) =>
  (await import("./down.ts")).down(flags.state),
);

command("status", "show what runs")
  .option("--json", "as JSON")
  .action(async (flags: Flags & { json?: true }) =>
    (await import("./status.ts")).status(flags.state, flags.json === true),
  );

command("kill", "cut an instance's power without the API's knowledge")
  .argument("<instance>", "name or id")
  .action((instance: string, flags: Flags) => ask(flags, "POST", "/kill", { instance }));

command("pause", "freeze an instance, like a crashed kernel: it stays running and answers nothing")
  .argument("<instance>", "name or id")
  .action((instance: string, flags: Flags) => ask(flags, "POST", "/pause", { instance }));

command("resume", "let a paused instance continue")
  .argument("<instance>", "name or id")
  .action((instance: string, flags: Flags) => ask(flags, "POST", "/resume", { instance }));

command("update", "announce an OS update to running instances, which then reboot for it")
  .argument("[instances...]", "names or ids; default: all that run")
  .option("--version <version>", "default: one that was not announced yet")
  .option("--json", "as JSON")
  .action(async (instances: string[], { version, json, ...flags }: Flags & { version?: string; json?: true }) => {
    const announced = await ask<{ version: string; instances: string[] }>(flags, "POST", "/update", {
      instances,
      version,
    });
    console.log(
      json
        ? JSON.stringify(announced, undefined, 2)
        : `Version ${announced.version} is announced to ${announced.instances.join(", ")}.`,
    );
  });

command("console", "show what an instance wrote to its console")
  .argument("<instance>", "name or id")
  .action(async (instance: string, flags: Flags) => {
    const { log } = await ask<{ log: string }>(flags, "GET", `/console?instance=${encodeURIComponent(instance)}`);
    process.stdout.write(log);
  });

command("fault", "inject a fault into calls of the API; without a kind: list those in force")
  .addArgument(new Argument("[kind]").choices(FAULT_KINDS))
  .option("--route <operation-id>", "only calls of this route, e.g. create-instance")
  .option("--count <n>", "how many calls", Number)
  .option("--share <0..1>", "share of the calls", Number)
  .option("--seconds <n>", "of Retry-After, or of a slow answer", Number)
  .option("--remove <id>", "end this fault")
  .option("--clear", "end all faults")
  .action(
    async (
      kind: string | undefined,
      { route, count, share, seconds, remove, clear, ...flags }: Flags & Omit<Fault, "kind"> & FaultFlags,
    ) => {
      if (clear) await ask(flags, "DELETE", "/faults");
      if (remove !== undefined) await ask(flags, "DELETE", `/faults?id=${encodeURIComponent(remove)}`);
      if (kind !== undefined) await ask(flags, "POST", "/faults", { kind, route, count, share, seconds });
      console.log(JSON.stringify(await ask(flags, "GET", "/faults"), undefined, 2));
    },
  );

program
  .command("completion")
  .description("print a script for bash that completes all of this")
  .action(async () => {
    process.stdout.write((await import("./completion.ts")).completion(program));
  });

async function ask<T>(flags: Flags, method: string, path: string, body?: object): Promise<T> {
  const answer = await askDaemon<T>(join(flags.state, "admin.sock"), method, path, body);
  if (answer === undefined) throw new Error(`no zone runs on ${flags.state}: start one with bin/zone up`);
  return answer;
}

function optionsFrom({ listen, profile: _profile, ...flags }: Flags, given: Command): ZoneOptions {
  return { ...flags, ...listen, ...traitsGiven(given) };
}

function zoneName(text: string): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text))
    throw new InvalidArgumentError("Give lower-case letters, digits and hyphens, like ch-gva-2.");
  return text;
}

function parseListen(text: string): Flags["listen"] {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65535)
    throw new InvalidArgumentError("Give host and port, like 127.0.0.1:8180.");
  return { host, port: Number(port) };
}

function directory(text: string): string {
  const path = resolve(text);
  if (!existsSync(path)) throw new InvalidArgumentError(`There is no directory ${path}.`);
  return path;
}

function present(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

program.parseAsync().catch((error: Error) => {
  console.error(`zone: ${error.message}`);
  process.exitCode = 1;
});
