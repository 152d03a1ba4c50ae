/** The Docker Engine that machines run on: one that is there, or one of the zone's own. */
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import pWaitFor from "p-wait-for";
import { run, start } from "../command.ts";
import { findProcess, lastLines } from "../services/process.ts";

export interface Engine {
  readonly docker: Docker;
  /** Says where it listens, for messages. */
  readonly socket: string;
  /** What to say when it does not answer. */
  readonly away: string;
  /** Starts the zone's own again when it does not answer. @throws when a found one does not, or ours does not start */
  revive(): Promise<void>;
  /** Stops an engine that the zone started, and removes all it has on disk; leaves a found one alone. */
  remove(): Promise<void>;
}

/** Files of the zone's own engine. */
interface Paths {
  /** Images, containers and volumes. */
  readonly data: string;
  readonly config: string;
  readonly log: string;
  /** Sockets and pid: gone after a restart of the host, as their processes are, and short (108 bytes at most). */
  readonly run: string;
  readonly socket: string;
  readonly pid: string;
  /** Of its parent cgroup, and in containerd. */
  readonly name: string;
}

const paths = (state: string, zone: string): Paths => {
  const name = `exoscale-${zone}`;
  const run = `/run/${name}`;
  const engine = join(state, "engine");
  return {
    data: join(engine, "data"),
    config: join(engine, "daemon.json"),
    log: join(engine, "dockerd.log"),
    run,
    socket: `${run}/docker.sock`,
    pid: `${run}/dockerd.pid`,
    name,
  };
};

/**
 * Finds or starts an engine. The zone's own comes first once it has data, so that instances are found where they are;
 * then DOCKER_HOST, then /var/run/docker.sock; and where nothing answers, the zone starts its own.
 * @param state the zone's state directory (absolute)
 * @param zone the zone's id
 * @throws when DOCKER_HOST is not this machine's, when an engine is unfit, and when none can be started
 */
export async function openEngine(state: string, zone: string, log: (line: string) => void): Promise<Engine> {
  const own = paths(state, zone);
  const found = existsSync(own.data) ? undefined : await findEngine();
  if (found) {
    log(`engine: the one at ${found.socket}`);
    await check(found);
    return found;
  }
  const docker = new Docker({ socketPath: own.socket });
  const engine = {
    docker,
    socket: own.socket,
    away: `the zone's Docker Engine at ${own.socket} does not answer: it is being started again, try again`,
    revive: async () => {
      if (!(await answers(docker))) await startEngine(own, docker, log);
    },
    remove: () => remove(state, own, docker),
  };
  if (!existsSync(own.config) && (await running(own.pid, "dockerd")) !== undefined) {
    log("engine: one runs whose state directory was removed under it; it goes first");
    await engine.remove();
  }
  await engine.revive();
  await check(engine);
  return engine;
}

/** @throws when machines cannot run on this engine */
async function check({ docker, socket }: Engine): Promise<void> {
  const info = (await docker.info()) as { SecurityOptions?: string[]; Driver?: string; DockerRootDir?: string };
  if (info.SecurityOptions?.some((option) => option.startsWith("name=rootless"))) {
    throw new Error(
      `the Docker Engine at ${socket} is rootless, and machines need root: stop it, or set DOCKER_HOST to another`,
    );
  }
  if (info.Driver === "vfs") {
    throw new Error(
      `the file system of ${info.DockerRootDir} cannot carry overlays, so each machine would be a whole copy of its template: put the zone's state on another (ext4, xfs)`,
    );
  }
}

const answers = (docker: Docker): Promise<boolean> =>
  docker.ping().then(
    () => true,
    () => false,
  );

async function findEngine(): Promise<Engine | undefined> {
  const host = process.env["DOCKER_HOST"];
  if (host && !host.startsWith("unix://")) {
    throw new Error(
      `DOCKER_HOST is ${host}: instances need an engine of this machine; unset it or name a unix:// socket`,
    );
  }
  const socket = host ? host.slice("unix://".length) : "/var/run/docker.sock";
  const docker = new Docker({ socketPath: socket });
  if (!(await answers(docker))) {
    if (host) throw new Error(`no Docker Engine answers at DOCKER_HOST=${host}: start it, or unset DOCKER_HOST`);
    return undefined;
  }
  const away = `the Docker Engine at ${socket} does not answer: start it again, and machines go on`;
  return {
    docker,
    socket,
    away,
    revive: async () => {
      if (!(await answers(docker))) throw new Error(away);
    },
    remove: async () => {},
  };
}

/** Starts dockerd in a session of its own: machines outlive the zone's daemon, and so must their engine. */
async function startEngine(own: Paths, docker: Docker, log: (line: string) => void): Promise<void> {
  const first = !existsSync(own.data);
  await mkdir(own.data, { recursive: true, mode: 0o711 });
  await mkdir(own.run, { recursive: true, mode: 0o711 });
  // After a crash: dockerd believes these files whatever process has the number by now, or is not yet buried.
  for (const [file, name] of [
    [own.pid, "dockerd"],
    [join(own.run, "exec/containerd/containerd.pid"), "containerd"],
  ] as const) {
    if ((await running(file, name)) === undefined) await rm(file, { force: true });
  }
  await writeFile(
    own.config,
    JSON.stringify(
      {
        hosts: [`unix://${own.socket}`],
        pidfile: own.pid,
        "data-root": own.data,
        "exec-root": join(own.run, "exec"),
        "cgroup-parent": `/${own.name}`,
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        // Only the zone's network, and the zone's own rules for it.
        bridge: "none",
        iptables: false,
        ip6tables: false,
        "userland-proxy": false,
        // Machines outlive it: it may crash, and is started again.
        "live-restore": true,
        // Docker 20.10 writes a key into /etc/docker otherwise.
        "deprecated-key-path": join(own.data, "key.json"),
        "log-level": "warn",
        "shutdown-timeout": 20,
      },
      null,
      2,
    ),
  );
  const args = [
    "--config-file",
    own.config,
    // Where the system's containerd runs, it is used: keep apart from what others have in it.
    "--containerd-namespace",
    own.name,
    "--containerd-plugins-namespace",
    `${own.name}-plugins`,
  ];
  const failure = await Promise.race([
    start("dockerd", args, { detached: true, logFile: own.log }).then(
      async ({ ended, unref }) => {
        unref();
        return `dockerd ended with ${await ended}`;
      },
      (error: Error) => `${error.message}, or start a Docker Engine`,
    ),
    untilAnswers(docker).then(
      () => undefined,
      () => "dockerd did not answer within 60 s",
    ),
  ]);
  if (failure !== undefined) {
    // Data would indicate next time that instances are in there.
    if (first) await rm(own.data, { recursive: true, force: true });
    const end = await lastLines(own.log, 5);
    throw new Error(
      `no Docker Engine runs here, and starting one failed: ${failure}${end && `\n${end}\n(all of it: ${own.log})`}`,
    );
  }
  log(`engine: started, data in ${own.data}`);
}

/** @throws Error after 60 s */
const untilAnswers = (docker: Docker): Promise<void> =>
  pWaitFor(() => answers(docker), { interval: 100, timeout: 60_000 });

async function remove(state: string, own: Paths, docker: Docker): Promise<void> {
  // An engine's end leaves its machines running.
  const left = await docker.listContainers({ all: true }).catch(() => []);
  await Promise.all(
    left.map(({ Id }) =>
      docker
        .getContainer(Id)
        .remove({ force: true, v: true })
        .catch(() => {}),
    ),
  );
  await docker.pruneNetworks().catch(() => {});
  const pid = await running(own.pid, "dockerd");
  if (pid !== undefined) process.kill(pid, "SIGTERM");
  for (let waited = 0; (await running(own.pid, "dockerd")) === pid && pid !== undefined; waited++) {
    if (waited === 300) process.kill(pid, "SIGKILL");
    await sleep(100);
  }
  for (const directory of [own.data, own.run]) {
    await unmount(directory);
    await rm(directory, { recursive: true, force: true });
  }
  await rm(join(state, "engine"), { recursive: true, force: true });
  await removeCgroups(own.name);
  // Directories that dockerd and containerd make for themselves; what others have in them keeps them.
  for (const directory of ["/run/containerd/s", "/run/containerd", "/run/docker/plugins", "/run/docker"]) {
    await rmdir(directory).catch(() => {});
  }
}

/** @returns the pid in a pid file, if a process with this name runs under it */
async function running(pidFile: string, name: string): Promise<number | undefined> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  return pid > 0 && (await findProcess(pid))?.name === name ? pid : undefined;
}

/** An engine that was killed leaves its containers' file systems mounted, and its data directory on itself. */
async function unmount(directory: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map((line) => line.split(" ")[4] ?? "");
  for (const mount of mounts.filter((at) => `${at}/`.startsWith(`${directory}/`)).reverse())
    await run("umount", ["--lazy", mount]);
}

/** Cgroups of the engine's containers, deepest first: empty ones stay behind in every hierarchy. */
async function removeCgroups(name: string): Promise<void> {
  const root = "/sys/fs/cgroup";
  const below = async (directory: string): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory()) await below(join(directory, entry.name));
    }
    await rmdir(directory).catch(() => {});
  };
  await below(join(root, name));
  for (const entry of await readdir(root, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await below(join(root, entry.name, name));
  }
}
