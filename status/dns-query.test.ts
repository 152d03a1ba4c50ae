/** What a node runs to ask the cluster's DNS, with a DNS server in this process. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderWorker } from "../ignition/index.ts";
import { filesOf } from "../ignition/testing/node.ts";
import { worker } from "../ignition/testing/fixtures.ts";

const directory = mkdtempSync(join(tmpdir(), "dns-"));
const kubelet = join(directory, "kubelet.yaml");
let server: Socket;
/** Makes the answer; undefined for none. */
let answer: (query: Buffer) => Buffer | undefined;
let asked: Buffer[] = [];

beforeAll(async () => {
  server = createSocket("udp4", (query, { port, address }) => {
    asked.push(query);
    const sent = answer(query);
    if (sent) server.send(sent, port, address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

/** Runs the query as on a node whose kubelet gives pods this DNS. */
async function query(configuration: string): Promise<{ exitCode: number | undefined; stdout: string }> {
  asked = [];
  writeFileSync(kubelet, configuration);
  const script = readFileSync(join(import.meta.dirname, "dns-query"), "utf8")
    .replace("/run/kubernetes/kubelet.yaml", kubelet)
    .replace("$address/53", `$address/${server.address().port}`)
    .replace("timeout 2", "timeout 0.2");
  const { exitCode, stdout } = await execa("bash", ["-s"], { input: script, reject: false });
  return { exitCode, stdout };
}
/** kubelet.yaml of a worker. */
const rendered = filesOf(renderWorker(worker)).get("kubelet.yaml")!.replace("10.96.0.10", "127.0.0.1");

/** A reply with this code and so many addresses. */
const reply = (code: number, addresses: number) => (asked: Buffer) => {
  const header = Buffer.from(asked.subarray(0, 12));
  header.writeUInt16BE(0x8580 | code, 2);
  header.writeUInt16BE(addresses, 6);
  return Buffer.concat([header, asked.subarray(12), Buffer.alloc(16 * addresses)]);
};

test("one question, for the address of the DNS itself", async () => {
  answer = reply(0, 1);
  expect(await query(rendered)).toEqual({ exitCode: 0, stdout: "" });
  expect(asked).toHaveLength(1);
  const [question] = asked as [Buffer];
  const labels = ["kube-dns", "kube-system", "svc", "cluster", "local"];
  const name = labels.map((label) => `${String.fromCharCode(label.length)}${label}`).join("");
  expect(question.subarray(2, 12).toString("hex")).toBe("01000001000000000000");
  expect(question.subarray(12).toString("latin1")).toBe(`${name}\0\0\x01\0\x01`);
});

test.each<[string, (query: Buffer) => Buffer | undefined, string]>([
  ["nothing comes", () => undefined, "no answer from 127.0.0.1"],
  ["there is no such name", reply(3, 0), "127.0.0.1 answers, with no address and code 3"],
  ["its own backend fails", reply(2, 0), "127.0.0.1 answers, with no address and code 2"],
  ["the answer is empty", reply(0, 0), "127.0.0.1 answers, with no address and code 0"],
  ["it is no DNS server", () => Buffer.from("hello, this is something else"), "no answer from 127.0.0.1"],
])("no answer: %s", async (_, made, why) => {
  answer = made;
  expect(await query(rendered)).toEqual({ exitCode: 1, stdout: why });
  expect(asked).toHaveLength(3);
});

test("a packet may be lost", async () => {
  answer = (query) => (asked.length < 3 ? undefined : reply(0, 1)(query));
  expect(await query(rendered)).toEqual({ exitCode: 0, stdout: "" });
});

test("a node whose kubelet has no DNS cannot ask", async () => {
  expect(await query("kind: KubeletConfiguration\n")).toEqual({ exitCode: 2, stdout: "" });
});
