/** Ports of the gateway's address that the zone's services need. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../command.ts";

type Protocol = "tcp" | "udp";

export interface Listening {
  readonly address: string;
  readonly port: number;
  readonly protocols: readonly Protocol[];
  /** The service that needs the port, for messages. */
  readonly what: string;
}

/** Milliseconds to wait for a port: the sockets of a killed process may outlive its pid for a moment. */
const TIMEOUT = 2000;

/** @throws Error that names the process that listens there, and says what to do */
export async function requireFree(listening: Listening): Promise<void> {
  const { address, port, protocols } = listening;
  const deadline = Date.now() + TIMEOUT;
  for (const protocol of protocols) {
    const bind = protocol === "tcp" ? bindTcp : bindUdp;
    for (let free = false; !free;) {
      free = await bind(address, port).then(
        () => true,
        async (cause: NodeJS.ErrnoException) => {
          if (cause.code !== "EADDRINUSE") throw cause;
          if (Date.now() > deadline) throw await taken(listening, protocol, cause);
          await sleep(100);
          return false;
        },
      );
    }
  }
}

async function bindTcp(host: string, port: number): Promise<void> {
  const server = createServer().listen({ host, port });
  await once(server, "listening");
  server.close();
  await once(server, "close");
}

async function bindUdp(address: string, port: number): Promise<void> {
  const socket = createSocket("udp4").bind({ address, port });
  await once(socket, "listening");
  socket.close();
  await once(socket, "close");
}

async function taken({ address, port, what }: Listening, protocol: Protocol, cause: unknown): Promise<Error> {
  const flags = `-Hlnp${protocol === "tcp" ? "t" : "u"}`;
  const lines = (await run("ss", [flags, `sport = :${port}`]).catch(() => "")).split("\n");
  const holder = lines
    .map(parseListener)
    .find((listener) => listener !== undefined && [address, ...everywhere].includes(listener.address));
  const who = holder?.process ?? `another process (\`ss ${flags}\` shows which)`;
  const instead =
    holder?.address === address
      ? "give the zone another --network"
      : "have it listen at its own addresses instead of all of the host's";
  return new Error(`port ${port} at ${address}, which ${what} needs, is taken by ${who}: end it, or ${instead}`, {
    cause,
  });
}

const everywhere: readonly string[] = ["0.0.0.0", "*", "[::]"];

/** Parses a line of `ss -Hlnp`; the process is missing if it is in another pid namespace. */
export function parseListener(line: string): { address: string; process?: string } | undefined {
  const match = /^\S+\s+\d+\s+\d+\s+(?<address>\S+):\d+\s+\S+(?:\s+users:\(\("(?<name>[^"]+)",pid=(?<pid>\d+))?/.exec(
    line,
  );
  if (match === null) return undefined;
  const { address = "", name, pid } = match.groups!;
  return { address: address.replace(/%.*/, ""), ...(name !== undefined && { process: `${name} (process ${pid})` }) };
}
