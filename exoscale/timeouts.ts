/** How long the cloud may take, in milliseconds. Tests shorten them. */
export const timeouts = {
  /** Pause before a call is made again; doubled each time after. */
  retry: 500,
  /** Longest `Retry-After` that is obeyed: after a longer one the call fails. */
  retryAfter: 120_000,
  /** One operation, unless EXOSCALE_OPERATION_TIMEOUT says otherwise. */
  operation: 300_000,
  /** From an instance's start until it has an address. */
  address: 180_000,
  /** A template's registration: Exoscale downloads the whole image. */
  template: 1_800_000,
};
