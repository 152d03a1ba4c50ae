/**
 * How strict a zone is where Exoscale's documentation leaves it open, so that clients must handle each answer. The API goes
 * by them, and `bin/zone up` has a flag for each.
 */
export interface Traits {
  /** From when on an instance shows its public address. */
  readonly address: FirstStart;
  /** From when on an instance takes elastic IPs and further security groups. */
  readonly attach: FirstStart;
  /**
   * SSH keys that can be registered. Exoscale's document has no limit; its other documentation shows RSA and Ed25519, and
   * no other.
   */
  readonly sshKeys: SshKeyKinds;
  /** Instance types, `family.size`, that the account may not use, beside standard.colossus. */
  readonly unauthorizedTypes: readonly string[];
  /** Minimum time that an operation stays pending. */
  readonly operationDelay: Delay;
  /** Minimum time that the import of a template stays pending, beside that of every operation. */
  readonly importDelay: Delay;
  /** Calls per second, of all clients together, above which the answer is 429; 0: no limit. */
  readonly rate: number;
  /**
   * Seconds until a stop or a reboot by the API cuts the power of a guest that is still on its way down. A node may take the
   * default to drain.
   */
  readonly stopAfter: number;
  /** `other`: every error has another text, of which a client that goes by texts knows none. Status and reason stay. */
  readonly errorTexts: ErrorTexts;
}

/** Milliseconds; with two numbers, any time from the first to the second. */
export type Delay = number | readonly [least: number, most: number];

/** Milliseconds to wait this time. */
export function chosen(delay: Delay): number {
  const [least, most] = typeof delay === "number" ? [delay, delay] : delay;
  return least + Math.random() * (most - least);
}

/** `before-start`: from its creation on. `after-start`: from its first start on. */
export type FirstStart = "before-start" | "after-start";

export type ErrorTexts = "usual" | "other";

export type SshKeyKinds = "any" | "rsa-ed25519";

/** A zone that refuses and delays as little as Exoscale may. */
export const DEFAULT_TRAITS: Traits = {
  address: "before-start",
  attach: "before-start",
  sshKeys: "any",
  unauthorizedTypes: [],
  operationDelay: 150,
  importDelay: 0,
  rate: 0,
  stopAfter: 1800,
  errorTexts: "usual",
};

/** A zone as strict as Exoscale may be, in everything at once. */
const STRICT_TRAITS: Traits = {
  address: "after-start",
  attach: "after-start",
  sshKeys: "rsa-ed25519",
  unauthorizedTypes: ["standard.titan", "standard.jumbo", "cpu.titan", "memory.titan"],
  operationDelay: [3_000, 20_000],
  importDelay: [60_000, 180_000],
  rate: 20,
  stopAfter: 60,
  errorTexts: "other",
};

export const PROFILES = { default: DEFAULT_TRAITS, strict: STRICT_TRAITS } as const;

export type Profile = keyof typeof PROFILES;

/** The traits among other options; the default where one is missing. */
export const traitsIn = (options: Partial<Traits>): Traits =>
  Object.fromEntries(
    Object.entries(DEFAULT_TRAITS).map(([name, usual]) => [name, options[name as keyof Traits] ?? usual]),
  ) as unknown as Traits;
