/** What README and docs point at is there: pages, headings, files, commands, settings. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

import { execaSync } from "execa";
import { expect, test } from "vitest";

import { schema } from "../config/schema.ts";
import packageJson from "../package.json" with { type: "json" };
import { root } from "../toolchain/paths.ts";

const pages = [
  "README.md",
  "CHANGES.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const text = (page: string): string => readFileSync(join(root, page), "utf8");
const withoutFences = (page: string): string => text(page).replace(/^```.*?^```$/gms, "");

/** Links and pictures of a page, those to other hosts left out. */
const links = (page: string): string[] =>
  [...withoutFences(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^https?:/.test(target));

/** Headings as GitHub names their anchors. */
const anchors = (page: string): string[] =>
  [...withoutFences(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

/** All that a page sets as code: fences, and what stands between backticks. */
const code = (page: string): string =>
  [...text(page).matchAll(/^```.*?^```$|`[^`\n]+`/gms)].map(([found]) => found).join("\n");

/** What a pattern's first group finds in a page's code. */
const named = (page: string, pattern: RegExp): string[] => [...code(page).matchAll(pattern)].map(([, found]) => found!);

/** From an answer of commander's. */
const zoneCommands = [
  ...execaSync(process.execPath, [join(root, "zone/cli/main.ts"), "--help"]).stdout.matchAll(/^ {2}([a-z]+) /gm),
].map(([, name]) => name!);

test.each(pages)("%s links to what is there", (page) => {
  const broken = links(page).filter((target) => {
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : normalize(join(dirname(page), path));
    return !existsSync(join(root, file)) || (anchor !== undefined && !anchors(file).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test.each(pages)("%s names commands that are there", (page) => {
  const scripts = named(page, /\bnpm run ([\w:-]+)/g).filter((name) => !(name in packageJson.scripts));
  const programs = named(page, /(?<![\w/.])bin\/([\w-]+)/g).filter((name) => !existsSync(join(root, "bin", name)));
  const subcommands = named(page, /\bbin\/zone ([a-z]+)/g).filter((name) => !zoneCommands.includes(name));
  expect({ scripts, programs, subcommands }).toEqual({ scripts: [], programs: [], subcommands: [] });
});

test.each(pages)("%s sets settings that are there", (page) => {
  const set = named(page, /\bpulumi config set (?:--path )?'?([a-z]\w*)/g);
  expect(set.filter((name) => !(name in schema.shape))).toEqual([]);
});

test.each(pages)("%s names files that are there", (page) => {
  const made = ["node_modules", "test-results"];
  const rooms = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !made.includes(entry.name))
    .map(({ name }) => name);
  const files = named(page, new RegExp(`\`((?:${rooms.join("|")})/[\\w./-]+)\``, "g"));
  // NAME stands for any.
  expect(files.filter((file) => !file.includes("NAME") && !existsSync(join(root, file)))).toEqual([]);
});

test("every page can be reached from README", () => {
  const reached = new Set(["README.md"]);
  for (const page of reached) {
    for (const target of links(page)) {
      const file = normalize(join(dirname(page), target.split("#")[0]!));
      if (file.endsWith(".md") && existsSync(join(root, file))) reached.add(file);
    }
  }
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});

test("the checks find what they look for", () => {
  expect(named("README.md", /\bnpm run ([\w:-]+)/g)).toContain("up");
  expect(named("README.md", /\bbin\/zone ([a-z]+)/g)).toContain("status");
  expect(named("README.md", /\bpulumi config set (?:--path )?'?([a-z]\w*)/g)).toEqual(
    expect.arrayContaining(["zone", "sshSources", "template", "desiredWorkers"]),
  );
  expect(links("docs/security.md")).toContain("configuration.md#leafvalidity");
  expect(anchors("docs/architecture.md")).toContain("from-nothing-to-a-cluster");
  expect(zoneCommands).toEqual(expect.arrayContaining(["up", "down", "kill"]));
});

test("docs/security.md names tests by titles that they have", () => {
  const page = text("docs/security.md");
  const named = [...page.matchAll(/\[([^\]]+)\]\(\.\.\/([\w./-]+\.test\.ts)\)/g)].map(([, title, file]) => ({
    title,
    file,
  }));
  expect(named.length).toBeGreaterThan(15);
  for (const { title, file } of named) if (title !== file) expect(text(file!), file).toContain(`"${title}"`);
});
