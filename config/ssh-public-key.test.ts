import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { wrongPublicKey } from "./ssh-public-key.ts";

const directory = mkdtempSync(join(tmpdir(), "ssh-public-key-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** What ssh-keygen makes. */
function generate(type: string, bits: number, comment: string): { line: string; privateKey: string } {
  const file = join(directory, `${type}-${bits}`);
  execFileSync("ssh-keygen", ["-q", "-t", type, "-b", String(bits), "-N", "", "-C", comment, "-f", file]);
  return { line: readFileSync(`${file}.pub`, "utf8").trimEnd(), privateKey: readFileSync(file, "utf8") };
}
const string = (content: Buffer | string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(content));
  return Buffer.concat([length, Buffer.from(content)]);
};
const lineOf = (type: string, ...rest: Buffer[]) =>
  `${type} ${Buffer.concat([type, ...rest].map(string)).toString("base64")}`;

describe.each([
  ["ed25519", 256],
  ["ecdsa", 256],
  ["ecdsa", 384],
  ["ecdsa", 521],
  ["rsa", 2048],
])("a key of type %s with %i bits", (type, bits) => {
  const { line, privateKey } = generate(type, bits, "me at home, büro ☕");

  test("is accepted with its comment, and without", () => {
    expect(wrongPublicKey(line)).toBeUndefined();
    expect(wrongPublicKey(line.split(" ").slice(0, 2).join(" "))).toBeUndefined();
  });

  test("is refused when any part of it is missing", () => {
    const [name, key] = line.split(" ");
    fc.assert(
      fc.property(fc.nat(key!.length - 1), (length) => {
        expect(wrongPublicKey(`${name} ${key!.slice(0, length)}`)).toBeDefined();
      }),
    );
  });

  test("is refused under the name of another type", () => {
    const key = line.split(" ")[1];
    const others = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];
    for (const other of others.filter((each) => !line.startsWith(`${each} `)))
      expect(wrongPublicKey(`${other} ${key}`), other).toContain("cut off or mistyped");
  });

  test("is refused if it is the private one, which no message repeats", () => {
    const what = wrongPublicKey(privateKey)!;
    expect(what).toContain("private key");
    expect(what).not.toContain(privateKey.split("\n")[2]);
  });
});

test("keys of security keys are accepted", () => {
  expect(wrongPublicKey(lineOf("sk-ssh-ed25519@openssh.com", Buffer.alloc(32), Buffer.from("ssh:")))).toBeUndefined();
  expect(
    wrongPublicKey(
      lineOf("sk-ecdsa-sha2-nistp256@openssh.com", Buffer.from("nistp256"), Buffer.alloc(65), Buffer.from("ssh:")),
    ),
  ).toBeUndefined();
});

test.each([
  ["", "must be an OpenSSH public key line"],
  ["AAAA", "must be an OpenSSH public key line"],
  ["~/.ssh/id_ed25519.pub", "not its path"],
  ["ssh-ed25519 AAAA", "cut off"],
  ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0example", "cut off"],
  [
    lineOf("ssh-dss", Buffer.alloc(128), Buffer.alloc(20), Buffer.alloc(128), Buffer.alloc(128)),
    "of a type that nodes accept",
  ],
  [lineOf("constructor", Buffer.alloc(32)), "of a type that nodes accept"],
  [lineOf("ssh-rsa", Buffer.from([1, 0, 1]), Buffer.alloc(96, 0xff)), "less than 1024 bits"],
  [`${lineOf("ssh-ed25519", Buffer.alloc(32))} me\nssh-ed25519 AAAA`, "must be an OpenSSH public key line"],
  [`from="192.0.2.1" ${lineOf("ssh-ed25519", Buffer.alloc(32))}`, "must be an OpenSSH public key line"],
  [` ${lineOf("ssh-ed25519", Buffer.alloc(32))}`, "must be an OpenSSH public key line"],
])("%o is refused", (line, expected) => {
  expect(wrongPublicKey(line)).toContain(expected);
});
