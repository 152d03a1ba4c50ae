/** The Docker Engine that machines run on: a running one, or one that the zone starts. */
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
  /** Path of its socket, for messages. */
  readonly socket: string;
  /** Error message while it does not answer. */
  readonly away: string;
  /** Starts the zone's own again if it does not answer. @throws Error if it does not start, or a found one is away */
  readonly revive: () => Promise<void>;
  /** Stops an engine that the zone started, and removes its data; leaves a found one alone. */
  readonly remove: () => Promise<void>;
}

/** Files of the zone's own engine. */
interface Paths {
  /** Images, containers and volumes. */
  readonly data: string;
  readonly config: string;
  readonly log: string;
  /** Sockets and pid files. In /run, so that they do not survive a restart of the host, and short (108 bytes at most). */
  readonly run: string;
  readonly socket: string;
  readonly pid: string;
  /** Name of its parent cgroup and of its namespace in containerd. */
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
 * Finds or starts an engine. Once the zone's own has data it is preferred, since existing instances are in it; then
 * DOCKER_HOST, then /var/run/docker.sock. If neither answers, the zone starts its own.
 *
 * @param state the zone's state directory, absolute
 * @param zone the zone's id
 * @throws Error if DOCKER_HOST is not on this machine, the engine cannot run machines, or none can be started
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

/** @throws Error if machines cannot run on this engine */
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

/** Starts dockerd in a session of its own: it has to outlive the zone's daemon, as machines do. */
async function startEngine(own: Paths, docker: Docker, log: (line: string) => void): Promise<void> {
  const first = !existsSync(own.data);
  await mkdir(own.data, { recursive: true, mode: 0o711 });
  await mkdir(own.run, { recursive: true, mode: 0o711 });
  // After a crash, dockerd trusts these files even if the process is a zombie or another one has its pid.
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
        // The only network is the zone's, with the zone's own rules.
        bridge: "none",
        iptables: false,
        ip6tables: false,
        "userland-proxy": false,
        // Machines keep running when it crashes and is started again.
        "live-restore": true,
        // By default, Docker 20.10 writes a key to /etc/docker.
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
    // If the system's containerd runs, dockerd uses it: separate namespaces keep the zone's containers apart.
    "--containerd-namespace",
    own.name,
    "--containerd-plugins-namespace",
    `${own.name}-plugins`,
  ];
  const settled = new AbortController();
  const failure = await Promise.race([
    start("dockerd", args, { detached: true, logFile: own.log }).then(
      async ({ ended, unref }) => {
        unref();
        return `dockerd ended with ${await ended}`;
      },
      (error: Error) => `${error.message}, or start a Docker Engine`,
    ),
    pWaitFor(() => answers(docker), { interval: 100, timeout: 60_000, signal: settled.signal }).then(
      () => undefined,
      () => "dockerd did not answer within 60 s",
    ),
  ]);
  settled.abort();
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

async function remove(state: string, own: Paths, docker: Docker): Promise<void> {
  // Machines keep running when their engine ends.
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
  // Directories that dockerd and containerd create; they stay if others have something in them.
  for (const directory of ["/run/containerd/s", "/run/containerd", "/run/docker/plugins", "/run/docker"]) {
    await rmdir(directory).catch(() => {});
  }
}

/** @returns the pid in a pid file, if a process with this name runs under it */
async function running(pidFile: string, name: string): Promise<number | undefined> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  return pid > 0 && (await findProcess(pid))?.name === name ? pid : undefined;
}

/** A killed engine leaves its containers' file systems mounted, and its data directory as a bind mount. */
async function unmount(directory: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map((line) => line.split(" ")[4] ?? "");
  for (const mount of mounts.filter((at) => `${at}/`.startsWith(`${directory}/`)).reverse())
    await run("umount", ["--lazy", mount]);
}

/** Removes the cgroups of the engine's containers, deepest first: empty ones stay behind in every hierarchy. */
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
