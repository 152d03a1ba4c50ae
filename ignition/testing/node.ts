import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parse } from "yaml";

const RUN = "/run/kubernetes";

/** The files of a cloud-config below `/run/kubernetes`, by their path in there. */
export function filesOf(cloudConfig: string): Map<string, string> {
  const { write_files } = parse(cloudConfig) as { write_files: { path: string; content: string }[] };
  return new Map(
    write_files.flatMap(({ path, content }) =>
      path.startsWith(`${RUN}/`) ? [[path.slice(RUN.length + 1), content] as const] : [],
    ),
  );
}

/** Writes these files to `directory`, as if it were `/run/kubernetes`. */
export function unpack(cloudConfig: string, directory: string): void {
  for (const [name, content] of filesOf(cloudConfig)) {
    mkdirSync(dirname(`${directory}/${name}`), { recursive: true });
    writeFileSync(`${directory}/${name}`, content.replaceAll(RUN, directory));
  }
}

/** What scripts read from elsewhere: bash itself and os-release. */
const ELSEWHERE = ["SECONDS", "PATH", "PRETTY_NAME", "VERSION_ID"];

/** The variables in capitals that a script reads: `$NAME`, `${NAME...}`, `((... NAME ...))`, and jq's `$ENV.NAME`. */
function variablesOf(script: string): string[] {
  const arithmetic = [...script.matchAll(/\(\((.*?)\)\)/g)].flatMap(
    ([, inside]) => inside!.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? [],
  );
  const expanded = [...script.matchAll(/\$\{?#?(?:ENV\.)?([A-Z][A-Z0-9_]+)/g)].map(([, name]) => name!);
  return [...expanded, ...arithmetic].filter((name) => !ELSEWHERE.includes(name));
}

/** The variables that the environment file sets, and those that the scripts read; both sorted. */
export function environmentOf(cloudConfig: string): { set: string[]; read: string[] } {
  const files = filesOf(cloudConfig);
  const set = [...files.get("node.env")!.matchAll(/^(\w+)=/gm)].map(([, name]) => name!);
  const scripts = [...files].filter(([name]) => name.startsWith("bin/"));
  const read = new Set(scripts.flatMap(([, content]) => variablesOf(content)));
  return { set: set.sort(), read: [...read].sort() };
}
