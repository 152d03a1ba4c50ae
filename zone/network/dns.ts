import { Resolver } from "node:dns/promises";
import { getServers } from "node:dns";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Inventory } from "../types.ts";
import { addressed } from "./elastic.ts";
import { metadataAddress, servicePorts, type Layout } from "./layout.ts";
import { Service } from "../services/service.ts";

/** The metadata service's name on Exoscale, which Exoscale's SDK resolves. */
const metadataName = "metadata.exoscale.com";

/** The instances' resolver at the gateway's address: resolves their names, and forwards the rest to the host's resolvers. */
export interface Dns {
  /** Makes the names those of the inventory's instances. */
  follow(inventory: Inventory): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts dnsmasq. If none of the host's resolvers answers, it refuses other names immediately, because a guest that waits
 * for an answer hangs at every login.
 *
 * @param state directory for its log
 */
export async function startDns(layout: Layout, state: string, log: (line: string) => void): Promise<Dns> {
  const hosts = hostsFile(layout);
  let written = "";
  await writeFile(hosts, written);
  const upstream = await someAnswer(getServers());
  if (!upstream) log("dns: no resolver of this host answers, so instances resolve each other only");
  const service = await Service.start({
    name: "dns",
    command: "dnsmasq",
    args: [
      "--keep-in-foreground",
      "--log-facility=-",
      "--conf-file=/dev/null",
      "--pid-file",
      `--listen-address=${layout.gateway}`,
      `--port=${servicePorts.dns}`,
      "--bind-interfaces",
      "--no-hosts",
      `--addn-hosts=${hosts}`,
      "--domain-needed",
      "--bogus-priv",
      `--rev-server=${layout.subnet}`,
      `--host-record=${metadataName},${metadataAddress}`,
      upstream ? "--resolv-file=/etc/resolv.conf" : "--no-resolv",
    ],
    listens: { address: layout.gateway, port: servicePorts.dns, protocols: ["tcp", "udp"], what: "the zone's DNS" },
    pidFile: dnsPidFile(layout),
    logFile: join(state, "dns.log"),
    ready: () => answers(layout.gateway, (resolver) => resolver.resolve4(metadataName)),
    log,
  });
  return {
    follow: async (inventory) => {
      const text = renderHosts(inventory);
      if (text === written) return;
      await writeFile(hosts, text);
      written = text;
      service.signal("SIGHUP");
    },
    stop: () => service.stop(),
  };
}

/** In the runtime directory, because dnsmasq's unprivileged user has to read it. */
export const hostsFile = ({ runtime }: Layout): string => join(runtime, "hosts");

export const dnsPidFile = ({ runtime }: Layout): string => join(runtime, "dns.pid");

/** hosts(5) with the instances whose names are host names; for equal names, older instances come first. */
export const renderHosts = (inventory: Inventory): string =>
  addressed(inventory)
    .filter(
      ({ name }) =>
        name.length <= 253 && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(name),
    )
    .map(({ address, name }) => `${address} ${name}\n`)
    .join("");

const someAnswer = async (servers: readonly string[]): Promise<boolean> =>
  (await Promise.all(servers.map((server) => answers(server, (resolver) => resolver.resolveNs("."))))).includes(true);

/** True if a resolver answers within a second, even with an error. */
async function answers(server: string, ask: (resolver: Resolver) => Promise<unknown>): Promise<boolean> {
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([server]);
  const silence = ["ETIMEOUT", "ECONNREFUSED", "ECANCELLED", "ENETUNREACH", "EHOSTUNREACH"];
  return ask(resolver).then(
    () => true,
    (error: NodeJS.ErrnoException) => !silence.includes(error.code ?? ""),
  );
}
