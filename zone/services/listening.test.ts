import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { parseListener, requireFree } from "./listening.ts";

test("a port that is free, and one that this process has on all addresses", async () => {
  const server = createServer().listen(0, "0.0.0.0");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const listening = { address: "127.0.0.1", port, protocols: ["tcp"], what: "the zone's DNS" } as const;
  await expect(requireFree(listening)).rejects.toThrow(
    new RegExp(
      `^port ${port} at 127.0.0.1, which the zone's DNS needs, is taken by .* \\(process ${process.pid}\\): end it, or have it listen at its own addresses instead of all of the host's$`,
    ),
  );
  server.close();
  await once(server, "close");
  await requireFree(listening);
});

test("a datagram port, on the very address", async () => {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  await expect(
    requireFree({ address: "127.0.0.1", port, protocols: ["tcp", "udp"], what: "the zone's DNS" }),
  ).rejects.toThrow(/\(process \d+\): end it, or give the zone another --network$/);
  socket.close();
});

test.each([
  [
    'LISTEN 0      4096   127.0.0.53%lo:53   0.0.0.0:*    users:(("systemd-resolve",pid=77,fd=14))',
    { address: "127.0.0.53", process: "systemd-resolve (process 77)" },
  ],
  [
    'UNCONN 0      0          0.0.0.0:67     0.0.0.0:*    users:(("dnsmasq",pid=1,fd=4),("dnsmasq",pid=2,fd=4))',
    { address: "0.0.0.0", process: "dnsmasq (process 1)" },
  ],
  ["LISTEN 0      128              *:5000         *:*", { address: "*" }],
  ["LISTEN 0      128           [::]:22        [::]:*", { address: "[::]" }],
  ["", undefined],
])("%s", (line, listener) => {
  expect(parseListener(line)).toEqual(listener);
});
