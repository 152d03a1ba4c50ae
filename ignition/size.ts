import { parse } from "yaml";
import { gzip } from "../gzip.ts";

/**
 * What Exoscale takes as user-data: 32,768 characters of base64, so this many bytes of gzip
 * (API document, `create-instance`, `user-data`).
 */
export const userDataLimit = 24_573;

export interface Size {
  /** Size of the whole document, gzipped. */
  readonly bytes: number;
  /** Each file and unit gzipped by itself, largest first. Their sum exceeds `bytes`: the whole document shares text. */
  readonly sections: readonly { readonly name: string; readonly bytes: number }[];
}

interface Document {
  ssh_authorized_keys?: string[];
  write_files?: { path: string; content: string }[];
  coreos?: { units?: { name: string; content?: string; drop_ins?: { content: string }[] }[] };
}

/** How much of Exoscale's limit a cloud-config takes. */
export function userDataSize(cloudConfig: string): Size {
  const document = parse(cloudConfig) as Document;
  const sections = [
    { name: "ssh_authorized_keys", text: (document.ssh_authorized_keys ?? []).join("\n") },
    ...(document.write_files ?? []).map(({ path, content }) => ({ name: path, text: content })),
    ...(document.coreos?.units ?? []).map(({ name, content, drop_ins }) => ({
      name,
      text: (content ?? "") + (drop_ins ?? []).map((dropIn) => dropIn.content).join("\n"),
    })),
  ];
  return {
    bytes: gzip(cloudConfig).length,
    sections: sections.map(({ name, text }) => ({ name, bytes: gzip(text).length })).sort((a, b) => b.bytes - a.bytes),
  };
}

/** @throws Error that lists the sections if the cloud-config of `node` exceeds Exoscale's limit */
export function assertFits(node: string, cloudConfig: string): void {
  const { bytes, sections } = userDataSize(cloudConfig);
  if (bytes <= userDataLimit) return;
  const table = sections.map((section) => `  ${String(section.bytes).padStart(6)}  ${section.name}`).join("\n");
  throw new Error(
    `${node}: the cloud-config takes ${bytes} bytes gzipped, Exoscale takes ${userDataLimit}. ` +
      `Shorten what the settings put in (sshPublicKeys, mirror.ca). Bytes per section:\n${table}`,
  );
}
