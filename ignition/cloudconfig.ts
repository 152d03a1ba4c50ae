import { stringify } from "yaml";

/** A file of a node. */
export interface File {
  readonly path: string;
  readonly content: string;
  /** Octal text, e.g. `0600`. */
  readonly permissions: "0600" | "0644" | "0755";
}

/** A systemd unit of a node: whole, or drop-ins for one that the image ships. */
export interface Unit {
  readonly name: string;
  readonly content?: string;
  readonly dropIn?: string;
  /** What coreos-cloudinit does with it once all files are there. */
  readonly command?: "start" | "stop" | "restart";
  /**
   * Kept over a reboot. Only for a drop-in that must hold before cloud-config is applied again; everything else lives
   * in /run, so that what the configuration no longer names is gone after a reboot.
   */
  readonly persistent?: boolean;
}

export interface CloudConfig {
  readonly hostname: string;
  readonly authorizedKeys: readonly string[];
  readonly files: readonly File[];
  /** In the order in which coreos-cloudinit acts on them. */
  readonly units: readonly Unit[];
}

/**
 * The cloud-config document, as coreos-cloudinit reads it at every boot. Keys have underscores: Flatcar's
 * coreos-cloudinit silently ignores hyphenated ones.
 */
export function toYAML(config: CloudConfig): string {
  // gzip finds repetitions only within 32 KiB, and gives each kind of text the codes that suit it: what is on the disk
  // stands beside the keys that it repeats, and PEM, manifests and scripts are grouped.
  const group = ({ path, content, permissions }: File) =>
    !path.startsWith("/run/") ? 0 : content.startsWith("-----BEGIN ") ? 1 : 2 + Number(permissions);
  const files = [...config.files].sort((a, b) => group(a) - group(b));
  const document = {
    hostname: config.hostname,
    ssh_authorized_keys: config.authorizedKeys,
    write_files: files.map(({ path, permissions, content }) => ({ path, permissions, content })),
    coreos: {
      units: config.units.map(({ name, content, dropIn, command, persistent }) => ({
        name,
        ...(persistent ? {} : { runtime: true }),
        ...(content === undefined ? {} : { content }),
        ...(dropIn === undefined ? {} : { drop_ins: [{ name: "10-kubernetes.conf", content: dropIn }] }),
        ...(command === undefined ? {} : { command }),
      })),
    },
  };
  // Long lines are not folded, which would change scripts; lists are not indented, which saves 100 bytes of gzip.
  return `#cloud-config\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false, indentSeq: false })}`;
}
