/** What tells the elastic IP whether a master's apiserver is ready, with a real one. */
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, expect, test } from "vitest";
import { openMachine, until, type Machine } from "./machine.ts";

let node: Machine;
beforeAll(async () => {
  node = await openMachine();
  // Says what it was asked for, and is the socket unit.
  node.place("/run/bin/systemd-run", 'echo "$*" > /run/stand-in/socket\n', 0o755);
  node.place(
    "/run/bin/systemctl",
    `case "$*" in
       "is-active --quiet api-health.socket") [[ -e /run/stand-in/socket ]] ;;
       "stop api-health.*") rm --force /run/stand-in/socket ;;
     esac\n`,
    0o755,
  );
  await node.startEtcd("kubernetes-etcd");
}, 60_000);
afterAll(() => node[Symbol.asyncDispose]());

const listens = () => node.run("cat /run/stand-in/socket");
const closed = () => node.run("[[ ! -e /run/stand-in/socket ]]");

test("it listens as long as the apiserver is ready, and what listens there has no network and no user", async () => {
  node.start("loop", ["bash", "/run/kubernetes/bin/api-ready", "6444"]);
  const apiserver = await node.startApiserver();
  const signal = (name: string) => node.must(`pkill --signal ${name} --exact kube-apiserver`);
  const { stdout } = await until("it to listen", 15, listens);
  expect(stdout).toMatch(
    /--unit=api-health --socket-property=ListenStream=6444 --socket-property=DefaultDependencies=no .*DynamicUser=yes .*PrivateNetwork=yes .*\/systemd-socket-proxyd 127\.0\.0\.1:9\n$/,
  );
  const goOn = async () => {
    await signal("CONT");
    // nsenter stops with it, and does not go on with it.
    apiserver.kill("SIGCONT");
  };
  // One that is busy for some seconds keeps its clients.
  const opened = () => node.must("stat --format %.Y /run/stand-in/socket");
  const since = await opened();
  await signal("STOP");
  await sleep(3_000);
  await goOn();
  await sleep(3_000);
  expect(await opened()).toEqual(since);
  // One that hangs is not ready.
  await signal("STOP");
  await until("it to close while the apiserver hangs", 15, closed);
  await goOn();
  await until("it to listen again", 15, listens);
  await signal("TERM");
  await until("it to close with the apiserver", 15, closed);
}, 180_000);
