import { expect, test } from "vitest";
import { iptablesChanges, passagesOf } from "./firewall.ts";
import { layoutOf } from "./layout.ts";

const layout = layoutOf({ bridge: "exozone0", subnet: "198.18.0.0/16", gateway: "198.18.0.1" });
const comment = '-m comment --comment "exoscale zone exozone0" -j ACCEPT';
const changes = (listed: string[], bridges: string[] = []): string[] =>
  iptablesChanges(listed.join("\n"), passagesOf(layout, bridges), layout.mark);

const untouched = ["-P INPUT ACCEPT", "-P FORWARD ACCEPT", "-P OUTPUT ACCEPT", ""];
const docker = [
  "-P INPUT ACCEPT",
  "-P FORWARD DROP",
  "-P OUTPUT ACCEPT",
  "-N DOCKER",
  "-N DOCKER-USER",
  "-A FORWARD -j DOCKER-USER",
  "-A FORWARD -o docker0 -j DOCKER",
  "-A DOCKER-USER -j RETURN",
  "",
];

test("a firewall that drops nothing is left alone", () => {
  expect(changes(untouched)).toEqual([]);
});

test("Docker's chain for users' rules takes what is forwarded", () => {
  expect(changes(docker, ["pn1"])).toEqual([
    `-I DOCKER-USER -i exozone0 ${comment}`,
    `-I DOCKER-USER -o exozone0 ${comment}`,
    `-I DOCKER-USER -i pn1 -o pn1 ${comment}`,
  ]);
});

test("rules or a policy of others, in front of which the zone's go", () => {
  expect(changes(["-P INPUT DROP", "-P FORWARD ACCEPT", "-P OUTPUT ACCEPT", "-A FORWARD -j REJECT"])).toEqual([
    `-I FORWARD -i exozone0 ${comment}`,
    `-I FORWARD -o exozone0 ${comment}`,
    `-I INPUT -i exozone0 ${comment}`,
  ]);
});

test("what is there stays, what is of no use goes, what is another zone's is not touched", () => {
  const listed = [
    "-P INPUT ACCEPT",
    "-P FORWARD DROP",
    "-P OUTPUT ACCEPT",
    `-A FORWARD -i exozone0 ${comment}`,
    `-A FORWARD -i pn1 -o pn1 ${comment}`,
    '-A FORWARD -i exozone00 -m comment --comment "exoscale zone exozone00" -j ACCEPT',
  ];
  expect(changes(listed)).toEqual([`-D FORWARD -i pn1 -o pn1 ${comment}`, `-I FORWARD -o exozone0 ${comment}`]);
  expect(iptablesChanges(listed.join("\n"), [], layout.mark)).toEqual([
    `-D FORWARD -i exozone0 ${comment}`,
    `-D FORWARD -i pn1 -o pn1 ${comment}`,
  ]);
});

test("rules that only the zone has left in a chain go with the reason for them", () => {
  expect(changes([...untouched, `-A FORWARD -i exozone0 ${comment}`])).toEqual([`-D FORWARD -i exozone0 ${comment}`]);
});
