import type { Traits } from "./traits.ts";

/** How a zone is started. Traits that are absent are the default. */
export interface ZoneOptions extends Partial<Traits> {
  /** Directory of everything the zone keeps; created if it does not exist. */
  readonly state: string;
  /** The zone's name in the API, like `ch-gva-2`; default: the one it was started with before, `local-1` at first. */
  readonly name?: string;
  /** `docker`: instances are containers of the Docker Engine (needs root). `none`: the API alone. */
  readonly machines: "docker" | "none";
  /** Where the API listens. */
  readonly host: string;
  readonly port: number;
  /** CIDR of the zone's network. */
  readonly network: string;
  /** Name of the engine's network; its bridge has a 0 appended. Two zones on one host need two. */
  readonly networkName: string;
  /** Directory with `files/` and `registry/`, served under upstream's names. */
  readonly mirror?: string;
  /** Directory with the node image, served as `/template/`. */
  readonly template?: string;
}
