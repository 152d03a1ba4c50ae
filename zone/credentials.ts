import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import writeFileAtomic from "write-file-atomic";

import type { Credentials } from "./api/signature.ts";

/**
 * The zone's one API key, from `<state>/credentials`: two shell assignments, created at the first start, readable only by
 * their owner.
 *
 * @throws Error if the file exists and lacks one of the two.
 */
export function loadCredentials(state: string): Credentials {
  const file = join(state, "credentials");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const made = { key: `EXO${randomBytes(12).toString("hex")}`, secret: randomBytes(32).toString("base64url") };
    writeFileAtomic.sync(file, `EXOSCALE_API_KEY=${made.key}\nEXOSCALE_API_SECRET=${made.secret}\n`, { mode: 0o600 });
    return made;
  }
  const [, key] = /^EXOSCALE_API_KEY=(\S+)$/m.exec(text) ?? [];
  const [, secret] = /^EXOSCALE_API_SECRET=(\S+)$/m.exec(text) ?? [];
  if (key === undefined || secret === undefined) {
    throw new Error(`${file} lacks EXOSCALE_API_KEY or EXOSCALE_API_SECRET: correct it, or remove it to get new ones`);
  }
  return { key, secret };
}
