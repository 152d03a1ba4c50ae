import { containerOf, type Context } from "./context.ts";

const maximum = 64 * 1024;

/** What the guest has written to its console, oldest first, at most the last 64 KiB. */
export async function readConsole(context: Context, id: string): Promise<string> {
  const text = await containerOf(context, id).logs({ stdout: true, stderr: true, tail: 2000, follow: false });
  const tail = text.subarray(Math.max(0, text.length - maximum));
  // The cut may be inside a character.
  return tail.toString("utf8").replace(/^\uFFFD+/, "");
}
