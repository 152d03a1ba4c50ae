/**
 * What runs inside a test's instance: sends and listens on request, by messages of Node's IPC channel. TCP and UDP
 * listeners answer with their own name and the caller's address.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Resolver } from "node:dns/promises";
import { createServer, connect } from "node:net";
import { request } from "node:http";
import { text } from "node:stream/consumers";

export type Request =
  | { readonly do: "listen"; readonly protocol: "tcp" | "udp"; readonly port: number; readonly name: string }
  | { readonly do: "unlisten"; readonly port: number }
  | { readonly do: "heard" }
  | { readonly do: "ask"; readonly protocol: "tcp" | "udp"; readonly address: string; readonly port: number; readonly from?: string; readonly timeout?: number }
  | { readonly do: "hold"; readonly address: string; readonly port: number }
  | { readonly do: "held"; readonly timeout: number }
  | { readonly do: "get"; readonly url: string }
  | { readonly do: "resolve"; readonly server: string; readonly name: string };

const servers = new Map<number, { close(): unknown }>();
/** Addresses that datagrams came from, oldest first. */
const heard: string[] = [];
let held: ReturnType<typeof connect> | undefined;

async function handle(message: Request): Promise<string> {
  switch (message.do) {
    case "listen": return listen(message);
    case "unlisten":
      servers.get(message.port)?.close();
      return "";
    case "heard": return heard.join();
    case "ask": return message.protocol === "tcp" ? askTcp(message) : askUdp(message);
    case "hold":
      held = connect({ host: message.address, port: message.port });
      return String((await once(held, "data", { signal: AbortSignal.timeout(2000) }))[0]);
    case "held": {
      held!.write("again");
      return String((await once(held!, "data", { signal: AbortSignal.timeout(message.timeout) }))[0]);
    }
    case "get": return get(message.url);
    case "resolve": {
      const resolver = new Resolver({ timeout: 2000, tries: 1 });
      resolver.setServers([message.server]);
      return (await resolver.resolve4(message.name)).join();
    }
  }
}

async function listen({ protocol, port, name }: Request & { do: "listen" }): Promise<string> {
  if (protocol === "udp") {
    const socket = createSocket("udp4");
    socket.on("message", (_, { address, port: to }) => {
      heard.push(address);
      socket.send(`${name} ${address}`, to, address);
    });
    socket.bind(port);
    await once(socket, "listening");
    servers.set(port, socket);
  } else {
    // Says so at once, and again at every word.
    const server = createServer((socket) => {
      const say = (): unknown => socket.write(`${name} ${socket.remoteAddress?.replace("::ffff:", "")}`);
      socket.on("error", () => {}).on("data", say);
      say();
    });
    server.listen(port);
    await once(server, "listening");
    servers.set(port, server);
  }
  return "";
}

async function askTcp({ address, port, from, timeout = 400 }: Request & { do: "ask" }): Promise<string> {
  const socket = connect({ host: address, port, ...from && { localAddress: from } });
  try {
    return String((await once(socket, "data", { signal: AbortSignal.timeout(timeout) }))[0]);
  } finally {
    socket.on("error", () => {}).destroy();
  }
}

async function askUdp({ address, port, from, timeout = 400 }: Request & { do: "ask" }): Promise<string> {
  const socket = createSocket("udp4");
  try {
    if (from !== undefined) {
      socket.bind(0, from);
      await once(socket, "listening");
    }
    socket.send("?", port, address);
    return String((await once(socket, "message", { signal: AbortSignal.timeout(timeout) }))[0]);
  } finally {
    socket.close();
  }
}

async function get(url: string): Promise<string> {
  const call = request(url, { agent: false, timeout: 2000 });
  call.on("timeout", () => call.destroy(new Error("timeout"))).end();
  const [response] = await once(call, "response");
  return `${response.statusCode} ${await text(response)}`;
}

process.on("message", ({ id, message }: { id: number; message: Request }) => {
  handle(message).then(
    (result) => process.send!({ id, result }),
    (error: NodeJS.ErrnoException) => process.send!({ id, error: error.code ?? error.name }),
  );
});
process.on("disconnect", () => process.exit());
