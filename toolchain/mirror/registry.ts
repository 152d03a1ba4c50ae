/** A registry for as long as images are put into its storage. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../run.ts";

/** A port on loopback that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/**
 * Serves `storage` while `work` runs.
 *
 * @param work gets `host:port` of the registry, which speaks plain HTTP on loopback
 */
export async function withRegistry(
  storage: string,
  scratch: string,
  work: (registry: string) => Promise<void>,
): Promise<void> {
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(scratch, "registry.json");
  await writeFile(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: storage } },
      http: { addr: address },
    }),
  );
  // It ends with this process, however that ends.
  const child = spawn("setpriv", ["--pdeathsig", "TERM", "docker-registry", "serve", config], { stdio: "ignore" });
  const failed = once(child, "error").then(([error]) => {
    throw new Failure(`setpriv (Debian's util-linux) cannot be started: ${error.message}`);
  });
  try {
    await Promise.race([failed, ready(address)]);
    await work(address);
  } finally {
    child.kill();
  }
}

/** Waits until the registry answers. */
async function ready(address: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (
      await fetch(`http://${address}/v2/`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  throw new Failure(`docker-registry on ${address} does not answer: is Debian's package docker-registry installed?`);
}
