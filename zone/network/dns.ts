import { Resolver } from "node:dns/promises";
import { getServers } from "node:dns";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Inventory } from "../types.ts";
import { addressed } from "./elastic.ts";
import { metadataAddress, servicePorts, type Layout } from "./layout.ts";
import { isHostName } from "../host-name.ts";
import { Service } from "../services/service.ts";

/** The metadata service's name on Exoscale, which Exoscale's SDK resolves. */
const metadataName = "metadata.exoscale.com";

/**
 * The instances' resolver at the gateway's address: resolves their names, knows reverse DNS of the zone's addresses, and
 * forwards the rest to the host's resolvers.
 */
export interface Dns {
  /** Makes the names those of the inventory's instances, and reverse DNS the inventory's. */
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
  const [hosts, records] = [hostsFile(layout), recordsFile(layout)];
  let [written, reverse] = ["", ""];
  await Promise.all([writeFile(hosts, written), writeFile(records, reverse)]);
  const upstream = await someAnswer(getServers());
  if (!upstream) log("dns: no resolver of this host answers, so instances resolve each other only");
  const service = await Service.start({
    name: "dns",
    command: "dnsmasq",
    args: [
      "--keep-in-foreground",
      "--log-facility=-",
      `--conf-file=${records}`,
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
      const [text, pointers] = [renderHosts(inventory), renderReverse(inventory)];
      const changed = text !== written;
      if (changed) await writeFile(hosts, text);
      written = text;
      if (pointers !== reverse) {
        await writeFile(records, pointers);
        reverse = pointers;
        await service.restart(); // at SIGHUP it does not read these
      } else if (changed) service.signal("SIGHUP");
    },
    stop: () => service.stop(),
  };
}

/** In the runtime directory, because dnsmasq's unprivileged user has to read it. */
export const hostsFile = ({ runtime }: Layout): string => join(runtime, "hosts");

const recordsFile = ({ runtime }: Layout): string => join(runtime, "dns.conf");

export const dnsPidFile = ({ runtime }: Layout): string => join(runtime, "dns.pid");

/** hosts(5) with the instances whose names are host names; for equal names, older instances come first. */
export const renderHosts = (inventory: Inventory): string =>
  addressed(inventory)
    .filter(({ name }) => isHostName(name))
    .map(({ address, name }) => `${address} ${name}\n`)
    .join("");

/** dnsmasq's configuration of reverse DNS; it has precedence over an instance's name. */
export const renderReverse = (inventory: Inventory): string =>
  [...addressed(inventory), ...inventory.elasticIps.values()]
    .filter(({ reverseDns }) => reverseDns !== undefined)
    .map(
      ({ address, reverseDns }) => `ptr-record=${address.split(".").reverse().join(".")}.in-addr.arpa,${reverseDns}\n`,
    )
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
