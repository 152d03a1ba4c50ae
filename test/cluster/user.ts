/** Runs a user's commands in the checkout that the tests run in. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { root } from "../../toolchain/paths.ts";
import { exitCodeOf, lastLines, signal } from "../../toolchain/processes.ts";
import { diagnosticsOf } from "../diagnostics.ts";

/** Where a failing run leaves its logs. */
export const results = join(root, "test-results/cluster");

/** The stack's settings, which `pulumi config set` edits. */
export const settings = join(root, "Pulumi.dev.yaml");

export const masters = [1, 2, 3].map((n) => `dev-master-${n}`);
export const workers = [1, 2, 3].map((n) => `dev-worker-${n}`);
export const six = [...masters, ...workers];
/** An image that the mirror has. */
export const IMAGE = "docker.io/library/busybox:1.35.0";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Seconds. */
  readonly took: number;
}

/**
 * Runs a command line and appends its output to `test-results/cluster/commands.log`; does not throw for its exit code.
 *
 * @param options `timeout` in seconds.
 */
export async function attempt(command: string, { timeout = 300, input = "" } = {}): Promise<Ran> {
  mkdirSync(results, { recursive: true });
  const log = (text: string): void => appendFileSync(join(results, "commands.log"), text);
  const started = Date.now();
  log(`\n$ ${command}\n`);
  const child = execa("bash", ["-c", command], {
    cwd: root,
    input,
    detached: true,
    stripFinalNewline: false,
    reject: false,
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => log(text.toString()));
  // Not execa's timeout, which ends only bash: this ends the whole process group.
  const timer = setTimeout(() => {
    log(`\n(ended after ${timeout} s)\n`);
    signal(-child.pid!, "SIGKILL");
  }, timeout * 1000);
  const ended = await child;
  clearTimeout(timer);
  const took = (Date.now() - started) / 1000;
  const code = exitCodeOf(ended) ?? 127;
  log(`(exit ${code}, ${took.toFixed(1)} s)\n`);
  return { code, took, stdout: ended.stdout, stderr: ended.stderr };
}

/** Like `attempt`. @throws Error with what Pulumi says went wrong and the end of the output if the command fails. */
export async function run(command: string, options?: { timeout?: number; input?: string }): Promise<Ran> {
  const ran = await attempt(command, options);
  if (ran.code !== 0) {
    const output = `${ran.stdout}\n${ran.stderr}`;
    // The program's outputs come between these.
    const shown = `${lastLines(diagnosticsOf(output), 60)}\n${lastLines(output, 10)}`.trim();
    throw new Error(`${command}: exit ${ran.code}; full output in ${join(results, "commands.log")}\n${shown}`);
  }
  return ran;
}

export const kubectl = async (args: string, input = ""): Promise<string> =>
  (await run(`bin/kubectl ${args}`, { timeout: 180, input })).stdout.trim();

export const ssh = async (node: string, command: string, timeout = 60): Promise<string> =>
  (await run(`bin/ssh ${node} '${command.replaceAll("'", `'\\''`)}'`, { timeout })).stdout.trim();

export const json = async <T>(command: string): Promise<T> => JSON.parse((await run(command)).stdout) as T;

export interface Status {
  readonly code: number;
  readonly lock: { readonly holders: readonly { readonly node?: string }[] };
  readonly problems: readonly {
    readonly severity: string;
    readonly what: string;
    readonly where: string;
    readonly todo: string;
  }[];
}

/** The output of `npm run status -- --json`, for any exit code. */
export async function status(): Promise<Status> {
  const { code, stdout } = await attempt("npm run --silent status -- --json", { timeout: 60 });
  return { ...(JSON.parse(stdout) as Status), code };
}

/** Asks every second until `check` holds. @throws Error with the last answer after `limit` seconds. */
export async function eventually<T>(
  what: string,
  limit: number,
  ask: () => Promise<T>,
  check: (answer: T) => boolean,
): Promise<T> {
  const end = Date.now() + limit * 1000;
  for (;;) {
    const answer = await ask().catch((error: unknown) => error as T);
    if (!(answer instanceof Error) && check(answer)) return answer;
    if (Date.now() > end)
      throw new Error(
        `${what}: not within ${limit} s; last: ${answer instanceof Error ? answer.message : JSON.stringify(answer)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** What is left in the zone, except for what every zone has: `templates NAME`. */
export async function leftInZone(): Promise<string[]> {
  const status = await json<Record<string, { name?: string }[]>>("bin/zone status --json");
  return ["instances", "elasticIps", "templates", "sshKeys", "antiAffinityGroups", "securityGroups"]
    .flatMap((kind) => (status[kind] ?? []).map(({ name = "" }) => `${kind} ${name}`))
    .filter((each) => each !== "securityGroups default");
}

/** Saves the nodes' journals, the zone's logs and the cluster's events, to analyse a failure. */
export async function keepLogs(nodes: readonly string[]): Promise<void> {
  await Promise.all([
    ...nodes.map((node) =>
      attempt(`bin/ssh ${node} 'sudo journalctl --no-pager' > ${join(results, `${node}.journal`)}`, { timeout: 60 }),
    ),
    attempt(`cp .local/zone/*.log ${results}/`, { timeout: 10 }),
    attempt(`bin/kubectl get pods,nodes,events -A -o wide > ${join(results, "kubectl.txt")}`, { timeout: 60 }),
    attempt(`bin/zone status > ${join(results, "zone-status.txt")}`, { timeout: 30 }),
  ]);
}
