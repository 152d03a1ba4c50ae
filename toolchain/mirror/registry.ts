/** Runs a registry while images are put into its storage. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import pWaitFor from "p-wait-for";
import { Failure } from "../run.ts";

/** A free port on loopback. */
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
 * @param work is given `host:port` of the registry, which speaks plain HTTP on loopback
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
  // setpriv ends it with this process, however this process ends.
  const child = execa("setpriv", ["--pdeathsig", "TERM", "docker-registry", "serve", config], {
    stdio: "ignore",
    reject: false,
  });
  const ended = child.then(({ exitCode, originalMessage }) => {
    throw new Failure(
      `docker-registry does not run: ${originalMessage ?? `setpriv ended with ${exitCode}`}. ` +
        "Are Debian's packages docker-registry and util-linux installed?",
    );
  });
  try {
    await Promise.race([ended, ready(address)]);
    await work(address);
  } finally {
    child.kill();
  }
}

async function ready(address: string): Promise<void> {
  const answers = () =>
    fetch(`http://${address}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
  await pWaitFor(answers, {
    interval: 100,
    timeout: { milliseconds: 10_000, message: new Failure(`docker-registry on ${address} does not answer.`) },
  });
}
