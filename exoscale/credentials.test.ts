import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { credentials } from "./credentials.ts";

function home(toml?: string): NodeJS.ProcessEnv {
  const directory = mkdtempSync(join(tmpdir(), "exoscale-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  if (toml !== undefined) {
    mkdirSync(join(directory, "exoscale"));
    writeFileSync(join(directory, "exoscale", "exoscale.toml"), toml);
  }
  return { XDG_CONFIG_HOME: directory };
}

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

test("the environment comes first", () => {
  expect(credentials({ ...home(toml), EXOSCALE_API_KEY: "EXOk", EXOSCALE_API_SECRET: "s" })).toEqual({
    key: "EXOk",
    secret: "s",
  });
});

test("the exo CLI's default account, or the one named", () => {
  expect(credentials(home(toml))).toEqual({ key: "EXO2", secret: "s2" });
  expect(credentials({ ...home(toml), EXOSCALE_ACCOUNT: "one" })).toEqual({ key: "EXO1", secret: "s1" });
});

test("without credentials the message names both ways", () => {
  expect(() => credentials(home())).toThrow(
    /EXOSCALE_API_KEY and EXOSCALE_API_SECRET, or run `exo config`, which writes .*exoscale\.toml/,
  );
  expect(() => credentials({ ...home(toml), EXOSCALE_ACCOUNT: "three" })).toThrow(/no account "three"/);
  expect(() => credentials({ EXOSCALE_API_KEY: "EXOk" })).toThrow("EXOSCALE_API_SECRET is not set");
});

test("a broken file is named without its content", () => {
  expect(() => credentials(home('secret = "s3cr3t\n'))).toThrow(/exoscale\.toml cannot be read/);
  expect(() => credentials(home('secret = "s3cr3t\n'))).not.toThrow(/s3cr3t/);
});
