import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";

/**
 * Whether a request comes from a program on this machine, and not from an instance, another machine, or a page of some
 * website that is open in a browser here: what is asked outside the API is not signed.
 */
export function isLocal({ socket, headers }: IncomingMessage): boolean {
  const [from, to] = [parse(socket.remoteAddress), parse(socket.localAddress)];
  if (from === undefined || (from.range() !== "loopback" && from.toString() !== to?.toString())) return false;
  // A website may give its own name this machine's address: such a name shows in `Host`.
  const host = nameIn(`http://${headers.host ?? ""}`);
  if (host !== "localhost" && parse(host) === undefined) return false;
  return headers.origin === undefined || headers.origin === `http://${headers.host}`;
}

function parse(address: string | undefined): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return address !== undefined && ipaddr.isValid(address) ? ipaddr.process(address) : undefined;
}

const nameIn = (url: string): string | undefined =>
  URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : undefined;
