/** What is wrong with settings that are right on their own, but not together. */
import ipaddr from "ipaddr.js";
import { diskProblems } from "./disk-limits.ts";
import type { Problem } from "./problem.ts";
import type { Raw } from "./schema.ts";

/** @param settings those that are right on their own */
export function problemsTogether(settings: Partial<Raw>): Problem[] {
  return [
    ...networkProblems(settings),
    ...endpointProblems(settings),
    ...diskProblems(settings),
    ...validityProblems(settings),
  ];
}

/** Networks that a node uses itself. */
const reserved = {
  "this network": "0.0.0.0/8",
  "Docker's bridge": "172.17.0.0/16",
  "link-local addresses": "169.254.0.0/16",
  loopback: "127.0.0.0/8",
  multicast: "224.0.0.0/4",
};

/** Examples; one of each never overlaps with what a stack has. */
const candidates = {
  podCIDR: ["10.244.0.0/16", "10.0.0.0/9", "192.168.0.0/16"],
  serviceCIDR: ["10.96.0.0/16", "10.128.0.0/16", "192.168.0.0/16"],
};

type Networks = Pick<Partial<Raw>, "podCIDR" | "serviceCIDR" | "masters" | "desiredWorkers">;

function networkProblems(networks: Networks): Problem[] {
  const problems = [...podNetworkProblems(networks), ...serviceNetworkProblems(networks)];
  return problems.map((problem) => ({ ...advice(problem.at[0] as keyof Networks, networks), ...problem }));
}

/** A value that mends a problem of a network. */
function advice(name: keyof Networks, networks: Networks): Pick<Problem, "instead" | "unknown"> {
  if (name !== "podCIDR" && name !== "serviceCIDR") return {};
  const mends = (candidate: string) => {
    const changed = { ...networks, [name]: candidate };
    return [...podNetworkProblems(changed), ...serviceNetworkProblems(changed)].every(({ at }) => at[0] !== name);
  };
  const instead = candidates[name].find((candidate) => candidate !== networks[name] && mends(candidate));
  return instead === undefined ? { unknown: true } : { instead };
}

function podNetworkProblems({ podCIDR, masters, desiredWorkers }: Networks): Problem[] {
  if (podCIDR === undefined) return [];
  const problems = reservedProblems("podCIDR", podCIDR);
  const bits = bitsOf(podCIDR);
  // flannel gives each node a /24 and never uses the first one.
  if (bits > 22 || bits < 8) return [...problems, { at: ["podCIDR"], what: "must be between /8 and /22" }];
  const room = 2 ** (24 - bits) - 1;
  if (masters === undefined || desiredWorkers === undefined || masters + desiredWorkers <= room) return problems;
  const fewer = room > masters ? `; desiredWorkers can be ${room - masters}` : "";
  const what = `has a /24 for ${room} nodes, masters and desiredWorkers make ${masters + desiredWorkers}${fewer}`;
  return [...problems, { at: ["podCIDR"], what }];
}

function serviceNetworkProblems({ podCIDR, serviceCIDR }: Networks): Problem[] {
  if (serviceCIDR === undefined) return [];
  const problems = reservedProblems("serviceCIDR", serviceCIDR);
  const bits = bitsOf(serviceCIDR);
  if (podCIDR !== undefined && overlap(podCIDR, serviceCIDR))
    problems.push({ at: ["serviceCIDR"], what: `${serviceCIDR} overlaps podCIDR ${podCIDR}` });
  if (bits > 24 || bits < 12) problems.push({ at: ["serviceCIDR"], what: "must be between /12 and /24" });
  return problems;
}

const reservedProblems = (name: "podCIDR" | "serviceCIDR", network: string): Problem[] =>
  Object.entries(reserved)
    .filter(([, other]) => overlap(network, other))
    .map(([what, other]) => ({ at: [name], what: `${network} overlaps ${other} (${what})` }));

/** An endpoint of Exoscale's own is one zone's, and its calls carry private keys. */
function endpointProblems({ apiEndpoint, zone }: Partial<Raw>): Problem[] {
  if (apiEndpoint === undefined || zone === undefined) return [];
  const { protocol, hostname, pathname } = new URL(apiEndpoint.replaceAll("{zone}", zone));
  const [, other] = /^api-(.+)\.exoscale\.com$/.exec(hostname) ?? [];
  const complain = (what: string): Problem[] => [{ at: ["apiEndpoint"], what }];
  if (other === undefined) return [];
  if (other !== zone) return complain(`leads to the zone ${other}, and zone is ${zone}`);
  if (protocol !== "https:") return complain("must be https: calls to Exoscale carry private keys");
  return pathname.replace(/\/+$/, "") === "/v2" ? [] : complain("must end with /v2, the version of Exoscale's API");
}

function validityProblems({ leafValidity, renewBefore, caValidity }: Partial<Raw>): Problem[] {
  const problems: Problem[] = [];
  if (leafValidity === undefined) return problems;
  if (renewBefore !== undefined && renewBefore >= leafValidity) {
    problems.push({
      at: ["renewBefore"],
      what: `must be shorter than leafValidity ${leafValidity}h, or every \`pulumi up\` would renew`,
      instead: `${Math.floor(leafValidity / 12)}h`,
    });
  }
  if (caValidity !== undefined && caValidity < leafValidity) {
    problems.push({
      at: ["caValidity"],
      what: `must not be shorter than leafValidity ${leafValidity}h`,
      instead: `${leafValidity}h`,
    });
  }
  return problems;
}

const bitsOf = (network: string): number => ipaddr.IPv4.parseCIDR(network)[1];

function overlap(a: string, b: string): boolean {
  const [first, second] = [ipaddr.IPv4.parseCIDR(a), ipaddr.IPv4.parseCIDR(b)];
  return first[0].match(second[0], Math.min(first[1], second[1]));
}
