import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";

import { credentials } from "./credentials.ts";
import { Refused } from "./errors.ts";

/** A home directory with these files. */
function home(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), "exoscale-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}
const usual = ".config/exoscale/exoscale.toml";
/** The environment of somebody with such a configuration. */
const person = (toml?: string): NodeJS.ProcessEnv => ({ HOME: home(toml === undefined ? {} : { [usual]: toml }) });

const toml = `
defaultaccount = "two"
[[accounts]]
  name = "one"
  key = "EXO1"
  secret = "s1"
[[accounts]]
  name = "two"
  defaultZone = "ch-gva-2"
  key = "EXO2"
  secret = "s2"
`;
/** A configuration with one account. */
const only = (lines: string, name = "one") => `defaultAccount = "${name}"\n[[accounts]]\nname = "${name}"\n${lines}`;
const command = (...words: string[]) => only(`key = "EXO1"\nsecretCommand = ${JSON.stringify(words)}`);

const complaint = async (env: NodeJS.ProcessEnv): Promise<string> => {
  const error: unknown = await credentials(env).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Refused);
  return (error as Refused).message;
};

test("the environment comes first, under older names, too", async () => {
  const env = person(toml);
  const wanted = { key: "EXOk", secret: "s" };
  expect(await credentials({ ...env, EXOSCALE_API_KEY: "EXOk", EXOSCALE_API_SECRET: "s" })).toEqual(wanted);
  expect(await credentials({ ...env, EXOSCALE_KEY: "EXOk", EXOSCALE_SECRET: "s" })).toEqual(wanted);
  expect(
    await credentials({ ...env, EXOSCALE_API_KEY: "EXOk", EXOSCALE_KEY: "other", EXOSCALE_SECRET_KEY: "s" }),
  ).toEqual(wanted);
});

test("the exo CLI's default account, or the one named", async () => {
  expect(await credentials(person(toml))).toEqual({ key: "EXO2", secret: "s2" });
  expect(await credentials({ ...person(toml), EXOSCALE_ACCOUNT: "one" })).toEqual({ key: "EXO1", secret: "s1" });
  expect(await credentials({ ...person(toml), EXOSCALE_ACCOUNT: "" })).toEqual({ key: "EXO2", secret: "s2" });
});

test("keys of the configuration are in any case, names of accounts are not", async () => {
  const any = (letters: string) =>
    fc
      .array(fc.boolean(), { minLength: letters.length, maxLength: letters.length })
      .map((upper) =>
        [...letters].map((letter, i) => (upper[i] ? letter.toUpperCase() : letter.toLowerCase())).join(""),
      );
  const keys = fc.tuple(any("defaultaccount"), any("accounts"), any("name"), any("key"), any("secret"));
  const file = join(home(), "exo.toml");
  await fc.assert(
    fc.asyncProperty(keys, async ([defaultAccount, accounts, name, key, secret]) => {
      writeFileSync(
        file,
        `${defaultAccount} = "a"\n[[${accounts}]]\n${name} = "a"\n${key} = "EXOa"\n${secret} = "s"\n`,
      );
      expect(await credentials({ EXOSCALE_CONFIG: file })).toEqual({ key: "EXOa", secret: "s" });
    }),
  );
  expect(await complaint({ ...person(toml), EXOSCALE_ACCOUNT: "ONE" })).toContain('no account "ONE"');
});

test("the configuration is where the exo CLI finds it: the first of these", async () => {
  const HOME = home();
  const XDG_CONFIG_HOME = join(HOME, "xdg");
  const SNAP_USER_COMMON = "/snap";
  const env = { HOME, XDG_CONFIG_HOME };
  const put = (path: string, key: string) => {
    mkdirSync(dirname(join(HOME, path)), { recursive: true });
    writeFileSync(join(HOME, path), only(`key = "${key}"\nsecret = "s"`));
  };
  const keyOf = async (env: NodeJS.ProcessEnv) => (await credentials(env)).key;
  put("exoscale.toml", "EXOhome");
  expect(await keyOf(env)).toBe("EXOhome");
  put(".exoscale/exoscale.toml", "EXOold");
  expect(await keyOf(env)).toBe("EXOold");
  put(usual, "EXOusual");
  expect(await keyOf(env)).toBe("EXOold");
  expect(await keyOf({ HOME })).toBe("EXOusual");
  expect(await keyOf({ HOME, XDG_CONFIG_HOME: "" })).toBe("EXOusual");
  put("xdg/exoscale/exoscale.toml", "EXOxdg");
  expect(await keyOf(env)).toBe("EXOxdg");
  expect(await keyOf({ ...env, SNAP_USER_COMMON })).toBe("EXOold");
  put("elsewhere/mine.toml", "EXOmine");
  expect(await keyOf({ ...env, EXOSCALE_CONFIG: join(HOME, "elsewhere/mine.toml") })).toBe("EXOmine");
  expect(await keyOf({ ...env, EXOSCALE_CONFIG: "" })).toBe("EXOxdg");
});

test("a file that EXOSCALE_CONFIG names is the only one, and must be a file", async () => {
  const env = person(toml);
  const nowhere = join(env.HOME!, "nowhere.toml");
  expect(await complaint({ ...env, EXOSCALE_CONFIG: nowhere })).toBe(
    `EXOSCALE_CONFIG is ${nowhere}, which does not exist.`,
  );
  execFileSync("mkfifo", [join(env.HOME!, "pipe")]);
  for (const path of [env.HOME!, "/dev/zero", join(env.HOME!, "pipe")])
    expect(await complaint({ ...env, EXOSCALE_CONFIG: path })).toContain(`${path} cannot be read: it is no file`);
});

test("without credentials the message names both ways", async () => {
  expect(await complaint(person())).toMatch(
    /EXOSCALE_API_KEY and EXOSCALE_API_SECRET, or run `exo config`, which writes .*exoscale\.toml/,
  );
  expect(await complaint({ EXOSCALE_API_KEY: "EXOk" })).toContain("EXOSCALE_API_SECRET is not set");
});

test("a message names the file, the account, and those that there are", async () => {
  const env = person(toml);
  const file = join(env.HOME!, usual);
  expect(await complaint({ ...env, EXOSCALE_ACCOUNT: "three" })).toBe(
    `${file} has no account "three", which EXOSCALE_ACCOUNT names; there are one, two.`,
  );
  expect(await complaint(person(toml.replace('"two"', '"three"')))).toContain(
    'no account "three", which its defaultAccount names; there are one, two.',
  );
  expect(await complaint(person(toml.replace(/default.*/, "")))).toMatch(
    /exoscale\.toml has no default account; there are one, two\. Set EXOSCALE_ACCOUNT, or/,
  );
  expect(await complaint(person('defaultAccount = "one"'))).toContain("there are none");
  expect(await complaint(person(only('secret = "s"')))).toMatch(/^The account "one" in .*exoscale\.toml has no key/);
  expect(await complaint(person(only('key = "EXO1"')))).toContain("has neither a secret nor a secretCommand");
});

test("a broken file is named without its content", async () => {
  for (const broken of ['secret = "s3cr3t\n', "secret = s3cr3t", "s3cr3t", '[[accounts]]\nsecret = "s3cr3t" s3cr3t']) {
    const said = await complaint(person(broken));
    expect(said).toMatch(/exoscale\.toml cannot be read/);
    expect(said).not.toContain("s3cr3t");
  }
});

test("a secretCommand prints the secret, and comes before a secret", async () => {
  expect(await credentials(person(command("printf", "%s\\n\\n", "printed")))).toEqual({
    key: "EXO1",
    secret: "printed",
  });
  expect(await credentials(person(`${command("echo", "printed")}\nsecret = "other"`))).toEqual({
    key: "EXO1",
    secret: "printed",
  });
  expect((await credentials(person(only('key = "EXO1"\nsecretCommand = "echo,of text"')))).secret).toBe("of text");
});

test("a secretCommand runs once for many calls, and again after a failure", async () => {
  const log = join(home(), "log");
  const env = person(command("sh", "-c", `echo run >> ${log}; echo s`));
  await Promise.all(Array.from({ length: 20 }, () => credentials(env)));
  await credentials(env);
  expect(readFileSync(log, "utf8")).toBe("run\n");

  const door = join(home(), "door");
  const locked = person(command("sh", "-c", `test -e ${door} && echo s`));
  expect(await complaint(locked)).toContain("failed with exit code 1");
  writeFileSync(door, "");
  expect((await credentials(locked)).secret).toBe("s");
});

test("a secretCommand that fails is named by its program: neither its arguments nor what it says are repeated", async () => {
  const env = person(command("sh", "-c", "echo s3cr3t; echo s3cr3t >&2; exit 3"));
  const said = await complaint(env);
  expect(said).toMatch(
    /^The account "one" in .*exoscale\.toml has a secretCommand, sh, which failed with exit code 3\. Run it in a terminal/,
  );
  expect(said).not.toContain("s3cr3t");
  expect(await complaint(person(command("/nowhere/pass")))).toContain("/nowhere/pass, which cannot be started");
  expect(await complaint(person(command("true")))).toContain("true, which printed nothing");
  expect(await complaint(person(command("sh", "-c", "kill -9 $$")))).toContain("failed by SIGKILL");
});

test("a secretCommand that waits for input gets none", async () => {
  expect((await credentials(person(command("sh", "-c", 'read line; echo "got <$line>"')))).secret).toBe("got <>");
});
