/** What OpenTofu takes for resources that have not changed: the yardstick for Pulumi's own part of a preview. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { root } from "../toolchain/paths.ts";
import { watchSession, type Usage } from "./usage.ts";

export interface Size {
  readonly resources: number;
  /** That each takes in the state. */
  readonly bytes: number;
}

/** Of a resource in OpenTofu's state besides its values. */
const FRAME = 400;

/**
 * Makes so many resources of no provider, each with a text of its own, and plans again: without a refresh, as a preview of
 * ours is. The state holds the text twice, as input and as output.
 */
export async function noChangePlan({
  resources,
  bytes,
}: Size): Promise<Usage & { readonly wall: number; readonly state: number }> {
  const directory = mkdtempSync(join(tmpdir(), "bench-opentofu-"));
  try {
    const length = Math.max(1, Math.round((bytes - FRAME) / 2));
    writeFileSync(join(directory, "text"), randomBytes(length).toString("hex").slice(0, length));
    writeFileSync(
      join(directory, "main.tf"),
      `
locals { text = file("\${path.module}/text") }
resource "terraform_data" "each" {
  count = ${resources}
  input = "\${format("%06d", count.index)}\${local.text}"
}
`,
    );
    await tofu(directory, ["init"]);
    await tofu(directory, ["apply", "-auto-approve"]);
    // Exit code 2 would be a plan with changes.
    const plan = await tofu(directory, ["plan", "-refresh=false", "-detailed-exitcode"]);
    return { ...plan, state: statSync(join(directory, "terraform.tfstate")).size };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function tofu(directory: string, args: readonly string[]): Promise<Usage & { readonly wall: number }> {
  const started = performance.now();
  // Detached, because a session of its own is what is watched.
  const child = execa(join(root, ".local", "bin", "tofu"), [...args, "-no-color", "-input=false"], {
    cwd: directory,
    detached: true,
    stdin: "ignore",
    stdout: "ignore",
    env: { CHECKPOINT_DISABLE: "1" },
  });
  const stop = watchSession(child.pid!);
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  try {
    await child;
    return { wall: (performance.now() - started) / 1000, ...stop() };
  } finally {
    stop();
    process.off("exit", end);
  }
}
