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
  /** The public host keys that are accepted, OpenSSH lines: two, of one algorithm, while one replaces the other. */
  readonly hostKey: string;
}

export interface SshResult {
  /** null if a signal ended the command. */
  readonly code: number | null;
  /** Standard output and error, at most the last 4 KiB, trimmed. */
  readonly output: string;
}

/** What failed: the way to the node, the proof that it is the node, the login, or a command on a node that was reached. */
export type SshFailure = "connection" | "host key" | "login" | "command";

/** The node could not be asked: no connection, another host key, no answer in time. */
export class SshError extends Error {
  readonly failure: SshFailure;
  constructor(message: string, failure: SshFailure = "connection") {
    super(message);
    this.name = "SshError";
    this.failure = failure;
  }
}

/** Milliseconds for the whole handshake. */
const connectTimeout = 10_000;

const longestOutput = 4_096;

/**
 * Runs one command on a node over a connection of its own.
 *
 * @param timeout Milliseconds for the command, connecting not counted. @param input What it reads.
 * @throws SshError
 */
export async function ssh(target: SshTarget, command: string, timeout = 30_000, input?: string): Promise<SshResult> {
  const { host, port = 22, user, privateKey, hostKey } = target;
  const keys = hostKey
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const [[algorithm = ""] = []] = keys;
  const expected = keys.map(([, blob = ""]) => Buffer.from(blob, "base64"));
  // Loaded with the first connection: a preview makes none, and is quicker without.
  const { Client } = (await import("ssh2")).default;
  const client = new Client();
  let failure: SshFailure = "connection";
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<SshResult>((resolve, reject) => {
      const fail = (reason: string) => reject(new SshError(`SSH to ${user}@${host}: ${reason}`, failure));
      client.on("error", (error) => {
        if (error.level === "client-authentication") failure = "login";
        fail(failure === "host key" ? "the host key is not the one this cluster gave it" : error.message);
      });
      client.on("close", () => {
        if (failure === "command") failure = "connection";
        fail("the connection was closed");
      });
      client.on("ready", () => {
        failure = "command";
        timer = setTimeout(() => fail(`\`${command}\` did not end within ${timeout / 1000} s`), timeout);
        client.exec(command, (error, channel) => {
          if (error) return fail(error.message);
          if (input !== undefined) channel.end(input);
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
        hostVerifier: (key: Buffer) => {
          if (expected.some((each) => key.equals(each))) return true;
          failure = "host key";
          return false;
        },
      });
      // With Nagle's algorithm each small message of the handshake would wait 40 ms for a delayed acknowledgement.
      client.setNoDelay(true);
    });
  } catch (error) {
    // ssh2 throws synchronously for a key that it cannot read.
    throw error instanceof SshError ? error : new SshError(`SSH to ${user}@${host}: ${messageOf(error)}`, "login");
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}
