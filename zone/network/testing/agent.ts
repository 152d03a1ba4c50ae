/**
 * Runs inside a test's instance: sends and listens as requested over Node's IPC channel. TCP and UDP listeners answer with
 * their own name and the caller's address.
 */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Resolver } from "node:dns/promises";
import { createServer, connect } from "node:net";
import { createServer as createHttpServer, request, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { text } from "node:stream/consumers";
import { createSecureContext } from "node:tls";

export type Request =
  | { readonly do: "listen"; readonly protocol: "tcp" | "udp"; readonly port: number; readonly name: string }
  /** HTTP, or HTTPS with two certificates: one for callers that send a server name (SNI), one for the others. */
  | {
      readonly do: "serve";
      readonly port: number;
      readonly tls?: Record<"named" | "unnamed", { readonly key: string; readonly cert: string }>;
    }
  /** Status of further answers, 404 by default. */
  | { readonly do: "answer"; readonly port: number; readonly path: string; readonly status: number }
  | { readonly do: "unlisten"; readonly port: number }
  | { readonly do: "heard" }
  | {
      readonly do: "ask";
      readonly protocol: "tcp" | "udp";
      readonly address: string;
      readonly port: number;
      readonly from?: string;
      readonly timeout?: number;
    }
  | { readonly do: "hold"; readonly address: string; readonly port: number }
  | { readonly do: "held"; readonly timeout: number }
  | { readonly do: "get"; readonly url: string }
  | { readonly do: "resolve"; readonly server: string; readonly name: string }
  /** Asks for a DHCP offer on the interface that broadcasts are routed to. */
  | { readonly do: "lease"; readonly mac: string; readonly timeout: number };

/** HTTP statuses by port and path. */
const statuses = new Map<string, number>();
const servers = new Map<number, { close(): unknown }>();
/** Addresses that datagrams came from, oldest first. */
const heard: string[] = [];
let held: ReturnType<typeof connect> | undefined;

async function handle(message: Request): Promise<string> {
  switch (message.do) {
    case "listen":
      return listen(message);
    case "serve":
      return serve(message);
    case "answer":
      statuses.set(`${message.port} ${message.path}`, message.status);
      return "";
    case "unlisten":
      servers.get(message.port)?.close();
      return "";
    case "heard":
      return heard.join();
    case "ask":
      return message.protocol === "tcp" ? askTcp(message) : askUdp(message);
    case "hold":
      held = connect({ host: message.address, port: message.port });
      return String((await once(held, "data", { signal: AbortSignal.timeout(2000) }))[0]);
    case "held": {
      held!.write("again");
      return String((await once(held!, "data", { signal: AbortSignal.timeout(message.timeout) }))[0]);
    }
    case "get":
      return get(message.url);
    case "resolve": {
      const resolver = new Resolver({ timeout: 2000, tries: 1 });
      resolver.setServers([message.server]);
      return (await resolver.resolve4(message.name)).join();
    }
    case "lease":
      return lease(message.mac, message.timeout);
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
    // Sent on connection, and in reply to any data.
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

async function serve({ port, tls }: Request & { do: "serve" }): Promise<string> {
  const answer: RequestListener = (request, response) => {
    // Redirects lead to a path that answers 200.
    const status = request.url === "/well" ? 200 : (statuses.get(`${port} ${request.url}`) ?? 404);
    response.writeHead(status, { location: "/well", connection: "close" }).end();
  };
  const server =
    tls === undefined
      ? createHttpServer(answer)
      : createHttpsServer(
          {
            ...tls.unnamed,
            SNICallback: (_, use) => use(null, createSecureContext(tls.named)),
          },
          answer,
        );
  server.listen(port);
  await once(server, "listening");
  servers.set(port, server);
  return "";
}

async function askTcp({ address, port, from, timeout = 400 }: Request & { do: "ask" }): Promise<string> {
  const socket = connect({ host: address, port, ...(from && { localAddress: from }) });
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

/** @returns the offer as JSON: `address`, and the options by their numbers in hexadecimal */
async function lease(mac: string, timeout: number): Promise<string> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  const signal = AbortSignal.timeout(timeout);
  const id = randomInt(2 ** 32 - 1);
  socket.bind(68, "0.0.0.0");
  await once(socket, "listening");
  socket.setBroadcast(true);
  const discover = Buffer.alloc(300);
  discover.set([1, 1, 6]);
  discover.writeUInt32BE(id, 4);
  // Ask for an answer by broadcast: there is no address yet.
  discover.writeUInt16BE(0x8000, 10);
  discover.set(Buffer.from(mac.replaceAll(":", ""), "hex"), 28);
  discover.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 55, 6, 1, 3, 6, 15, 42, 119, 255], 236);
  const send = setInterval(() => socket.send(discover, 67, "255.255.255.255"), 300);
  try {
    for (;;) {
      const [offer] = (await once(socket, "message", { signal })) as [Buffer];
      if (offer.readUInt32BE(4) !== id) continue;
      const options: Record<number, string> = {};
      for (let at = 240; offer[at] !== 255 && at < offer.length; at += offer[at] === 0 ? 1 : 2 + offer[at + 1]!) {
        if (offer[at] !== 0) options[offer[at]!] = offer.subarray(at + 2, at + 2 + offer[at + 1]!).toString("hex");
      }
      return JSON.stringify({ address: offer.subarray(16, 20).join("."), options });
    }
  } finally {
    clearInterval(send);
    socket.close();
  }
}

process.on("message", ({ id, message }: { id: number; message: Request }) => {
  handle(message).then(
    (result) => process.send!({ id, result }),
    (error: NodeJS.ErrnoException) => process.send!({ id, error: error.code ?? error.name }),
  );
});
process.on("disconnect", () => process.exit());
