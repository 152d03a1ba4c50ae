import { createSocket } from "node:dgram";
import { once } from "node:events";

/** This machine's IPv4 address on the way to a host, as the routes have it; sends nothing. undefined without a route. */
export async function addressTowards(host: string): Promise<string | undefined> {
  const socket = createSocket("udp4");
  try {
    // Any port: connecting a UDP socket only looks up the route (connect(2)).
    socket.connect(9, host);
    await once(socket, "connect");
    return socket.address().address;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}
