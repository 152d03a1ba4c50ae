/** Sends and receives single packets of any protocol in a namespace. Needs root and Debian's perl-base. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export type Traffic =
  | { readonly protocol: "tcp" | "udp"; readonly port: number }
  | { readonly protocol: "icmp"; readonly type: number; readonly code: number }
  | { readonly protocol: "esp" | "ah" | "gre" | "ipip" };

export class Raw {
  readonly #child: ChildProcess;
  /** Numbers of the packets that have arrived. */
  readonly heard = new Set<number>();

  private constructor(namespace: string) {
    this.#child = spawn("ip", ["netns", "exec", namespace, "perl", fileURLToPath(new URL("raw.pl", import.meta.url))], {
      stdio: ["pipe", "pipe", "inherit"],
    });
  }

  static async start(namespace: string): Promise<Raw> {
    const raw = new Raw(namespace);
    const lines = createInterface(raw.#child.stdout!);
    await once(lines, "line");
    lines.on("line", (line) => {
      const at = line.indexOf(magic);
      if (at >= 0) raw.heard.add(Number.parseInt(line.slice(at + magic.length, at + magic.length + 8), 16));
    });
    return raw;
  }

  /** @param number identifies the packet, at most 2^32 - 1 */
  send(traffic: Traffic, from: string, to: string, number: number): void {
    this.#child.stdin!.write(
      `${numbers[traffic.protocol]} ${from} ${to} ${packet(traffic, from, to, number).toString("hex")}\n`,
    );
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.stdin!.end();
    await once(this.#child, "exit");
  }
}

const numbers = { icmp: 1, ipip: 4, tcp: 6, udp: 17, gre: 47, esp: 50, ah: 51 } as const;

/** Precedes a packet's number. */
const magic = "7ea1c0de";

function packet(traffic: Traffic, from: string, to: string, number: number): Buffer {
  const mark = Buffer.from(magic + number.toString(16).padStart(8, "0"), "hex");
  // A different source port for each packet, so that no two belong to one connection.
  const source = 20_000 + (number % 40_000);
  switch (traffic.protocol) {
    case "tcp": {
      const header = Buffer.alloc(20);
      header.writeUInt16BE(source, 0);
      header.writeUInt16BE(traffic.port, 2);
      header.writeUInt32BE(number, 4);
      header.set([0x50, 0x02, 0xff, 0xff], 12);
      const segment = Buffer.concat([header, mark]);
      const pseudo = Buffer.from([...octets(from), ...octets(to), 0, 6, 0, segment.length]);
      segment.writeUInt16BE(checksum(Buffer.concat([pseudo, segment])), 16);
      return segment;
    }
    case "udp": {
      // No checksum: it is optional in IPv4.
      const header = Buffer.alloc(8);
      header.writeUInt16BE(source, 0);
      header.writeUInt16BE(traffic.port, 2);
      header.writeUInt16BE(8 + mark.length, 4);
      return Buffer.concat([header, mark]);
    }
    case "icmp": {
      const message = Buffer.concat([
        Buffer.from([traffic.type, traffic.code, 0, 0, source >> 8, source & 255, (number >> 8) & 255, number & 255]),
        mark,
      ]);
      message.writeUInt16BE(checksum(message), 2);
      return message;
    }
    case "gre":
      return Buffer.concat([Buffer.from([0, 0, 8, 0]), mark]);
    case "esp":
      return Buffer.concat([Buffer.alloc(8, 1), mark]);
    case "ah":
      return Buffer.concat([Buffer.from([59, 4, 0, 0]), Buffer.alloc(20, 1), mark]);
    case "ipip": {
      const inner = Buffer.from([
        0x45,
        0,
        0,
        28,
        0,
        0,
        0,
        0,
        1,
        253,
        0,
        0,
        ...octets("10.0.0.1"),
        ...octets("10.0.0.2"),
      ]);
      inner.writeUInt16BE(checksum(inner), 10);
      return Buffer.concat([inner, mark]);
    }
  }
}

const octets = (address: string): number[] => address.split(".").map(Number);

/** The Internet checksum (RFC 1071) of an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
