/** How long things may take, in milliseconds. Tests are in more of a hurry. */
export const patience = {
  /** Before a call is made again for the first time; doubled each time after. */
  retry: 500,
  /** Longest `Retry-After` that is waited for. */
  retryAfter: 120_000,
  /** For one operation, unless EXOSCALE_OPERATION_TIMEOUT says otherwise. */
  operation: 300_000,
  /** Until a started instance has its address. */
  address: 180_000,
  /** Exoscale fetches a template's whole image. */
  template: 1_800_000,
  /** Between two looks at a node that does not seem well: a moment's trouble is no reason for a repair. */
  look: 5_000,
  /** Between two attempts of a master to reboot, while others are not well ... */
  gate: 5_000,
  /** ... and in all. */
  gates: 600_000,
  /** From the end of a node's drain until it is well: it pulls its images after. */
  back: 1_200_000,
  /** That a node which drained itself may be away besides, for an update of its own, before it counts as broken. */
  away: 600_000,
  /** Until the lock of the reboots is given back. */
  give: 60_000,
};
