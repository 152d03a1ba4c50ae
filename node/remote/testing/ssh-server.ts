import { once } from "node:events";
import type { AddressInfo } from "node:net";

import ssh2 from "ssh2";
import { ed25519 } from "../../../test/ed25519.ts";

import type { SshTarget } from "../ssh.ts";

/** A node as SSH shows it: what each command prints and how it ends; `hangs` never ends, `breaks` closes the connection. */
export type Shell = (command: string) => { code: number; output?: string } | "hangs" | "breaks";

export interface FakeNode extends AsyncDisposable {
  readonly target: SshTarget;
  readonly commands: string[];
  /** What each `bash -s` was given. */
  readonly inputs: string[];
}

const hostKeys = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
/** As a new stack's. */
const stackKeys = ed25519();

/** An SSH server on a free port of 127.0.0.1. @param userKeys Of whom it lets in. */
export async function fakeNode(shell: Shell, userKeys: typeof stackKeys = stackKeys): Promise<FakeNode> {
  const commands: string[] = [];
  const inputs: string[] = [];
  const connections = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKeys.private] }, (connection) => {
    connections.add(connection);
    // Missing in the types.
    (connection as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
    connection.on("error", () => {});
    connection.on("authentication", (context) => {
      const isKey =
        context.method === "publickey" &&
        context.key.data.equals(Buffer.from(userKeys.public.split(" ")[1]!, "base64"));
      if (isKey && context.username === "core") context.accept();
      else context.reject(["publickey"]);
    });
    connection.on("session", (accept) =>
      accept().on("exec", (acceptExec, _reject, { command }) => {
        commands.push(command);
        const channel = acceptExec();
        const result = shell(command);
        if (result === "hangs") return;
        if (result === "breaks") return void connection.end();
        const answer = () => {
          channel.write(result.output ?? "");
          channel.exit(result.code);
          channel.end();
        };
        if (!command.includes("bash -s")) return answer();
        let input = "";
        channel.on("data", (text: Buffer) => (input += text.toString()));
        channel.on("end", () => {
          inputs.push(input);
          answer();
        });
      }),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    commands,
    inputs,
    target: {
      host: "127.0.0.1",
      port: (server.address() as AddressInfo).port,
      user: "core",
      privateKey: userKeys.private,
      hostKey: hostKeys.public,
    },
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
