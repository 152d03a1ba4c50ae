import type ssh2 from "ssh2";

import { messageOf } from "../../exoscale/errors.ts";

/** How a node is reached, and the key that it has to prove. */
export interface SshTarget {
  readonly host: string;
  /** @default 22 */
  readonly port?: number;
  readonly user: string;
  /** OpenSSH format. */
  readonly privateKey: string;
  /** The only public host key that is accepted, as an OpenSSH line. */
  readonly hostKey: string;
}

export interface SshResult {
  /** null if a signal ended the command. */
  readonly code: number | null;
  /** Standard output and error, at most the last 4 KiB, trimmed. */
  readonly output: string;
}

/** The node could not be asked: no connection, another host key, no answer in time. */
export class SshError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SshError";
  }
}

/** Milliseconds for the whole handshake. */
const connectTimeout = 10_000;

const longestOutput = 4_096;

/**
 * Runs one command on a node over a connection of its own.
 *
 * @param timeout Milliseconds for the command, connecting not counted.
 * @throws SshError
 */
export async function ssh(target: SshTarget, command: string, timeout = 30_000): Promise<SshResult> {
  const { host, port = 22, user, privateKey, hostKey } = target;
  const [algorithm = "", blob = ""] = hostKey.trim().split(/\s+/);
  const expected = Buffer.from(blob, "base64");
  // Loaded with the first connection: a preview makes none, and is quicker without.
  const { Client } = (await import("ssh2")).default;
  const client = new Client();
  let pinned = true;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<SshResult>((resolve, reject) => {
      const fail = (reason: string) => reject(new SshError(`SSH to ${user}@${host}: ${reason}`));
      client.on("error", (error) => fail(pinned ? error.message : `the host key is not the one this cluster gave it`));
      client.on("close", () => fail("the connection was closed"));
      client.on("ready", () => {
        timer = setTimeout(() => fail(`\`${command}\` did not end within ${timeout / 1000} s`), timeout);
        client.exec(command, (error, channel) => {
          if (error) return fail(error.message);
          let output = "";
          const take = (chunk: Buffer) => {
            output = (output + chunk.toString("utf8")).slice(-longestOutput);
          };
          channel.on("data", take);
          channel.stderr.on("data", take);
          channel.on("close", (code: number | null | undefined) =>
            resolve({ code: code ?? null, output: output.trim() }),
          );
        });
      });
      client.connect({
        host,
        port,
        username: user,
        privateKey,
        readyTimeout: connectTimeout,
        algorithms: { serverHostKey: [algorithm as ssh2.ServerHostKeyAlgorithm] },
        hostVerifier: (key: Buffer) => (pinned = key.equals(expected)),
      });
      // With Nagle's algorithm each small message of the handshake would wait 40 ms for a delayed acknowledgement.
      client.setNoDelay(true);
    });
  } catch (error) {
    // ssh2 throws synchronously for a key that it cannot read.
    throw error instanceof SshError ? error : new SshError(`SSH to ${user}@${host}: ${messageOf(error)}`);
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}
