/** How a zone is started. */
export interface ZoneOptions {
  /** Directory of everything the zone keeps; made if it is not there. */
  readonly state: string;
  /** `docker`: instances are containers of the Docker Engine (needs root). `none`: the API alone. */
  readonly machines: "docker" | "none";
  /** Where the API listens. */
  readonly host: string;
  readonly port: number;
  /** CIDR of the zone's network. */
  readonly network: string;
  /** Name of the engine's network; its bridge is this name with a 0 behind it. Two zones on one host need two. */
  readonly networkName: string;
  /** Directory with `files/` and `registry/`, served under upstream's names. */
  readonly mirror?: string;
  /** Directory with the node image, served as `/template/`. */
  readonly template?: string;
  /** Milliseconds; default 150. */
  readonly operationDelay?: number;
}
