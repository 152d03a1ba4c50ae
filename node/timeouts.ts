/** How long nodes may take, in milliseconds. Tests shorten them. */
export const timeouts = {
  /** Pause between two checks of a node that seems unhealthy, and for how long it has to: one may only be slow. */
  recheck: 5_000,
  ailing: 30_000,
  /**
   * For how long a node that does not answer is asked, and the Kubernetes API about it. Longer than the API takes to see that
   * a node hangs: kube-controller-manager's --node-monitor-grace-period, 50 s.
   */
  evidence: 60_000,
  /**
   * For how long a repaired node is waited for before the next one is repaired, and for how long one that lacks only what
   * others give is waited for at all.
   */
  alone: 300_000,
  lacking: 180_000,
  /** Pause until a node that could not go down tries again, and for how long it does so. */
  retryTurn: 5_000,
  turn: 600_000,
  /** From the end of a node's drain until it is healthy: it pulls its images after it has booted. */
  recovery: 1_200_000,
  /** On top of its drain, how long a node that drained itself for an update may be away before it counts as broken. */
  absence: 600_000,
  /** Writing every Secret again. */
  rewrite: 1_800_000,
  /** Giving back the reboot lock. */
  giveLock: 60_000,
};
