/** OpenTofu's no-change plan: the yardstick for the engine's share of a preview. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { root } from "../toolchain/paths.ts";
import { watchSession, type Usage } from "./usage.ts";

export interface Size {
  readonly resources: number;
  /** Per resource in the state. */
  readonly bytes: number;
}

/** Bytes of a resource in OpenTofu's state without its values. */
const FRAME = 400;

/**
 * Creates this many resources that need no provider, each with its own text, and measures a second plan: without a
 * refresh, like our preview. The state holds the text twice, as input and as output.
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
    // Exits with 2 if the plan has changes.
    const plan = await tofu(directory, ["plan", "-refresh=false", "-detailed-exitcode"]);
    return { ...plan, state: statSync(join(directory, "terraform.tfstate")).size };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function tofu(directory: string, args: readonly string[]): Promise<Usage & { readonly wall: number }> {
  const started = performance.now();
  // Detached: `watchSession` needs a session of its own.
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
