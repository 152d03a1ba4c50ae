/** How long things may take, in milliseconds. Tests are in more of a hurry. */
export const patience = {
  /** Before a call is made again for the first time; doubled each time after. */
  retry: 500,
  /** Longest `Retry-After` that is waited for. */
  retryAfter: 120_000,
  /** Until an instance is running, stopped or gone. */
  state: 600_000,
  /** Until a started instance has its address. */
  address: 180_000,
  /** Exoscale fetches a template's whole image. */
  template: 1_800_000,
  /** How long something may stay in use before its deletion, or busy before its change, is given up. */
  busy: 300_000,
  /** Between two looks at a node that does not seem well: a moment's trouble is no reason for a repair. */
  look: 5_000,
  /** Between two attempts of a master to reboot, while others are not well ... */
  gate: 5_000,
  /** ... and in all. */
  gates: 600_000,
  /** From a node's reboot until it is well: it drains its pods before, and pulls its images after. */
  back: 1_200_000,
};
