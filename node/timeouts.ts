/** How long nodes may take, in milliseconds. Tests shorten them. */
export const timeouts = {
  /** Pause between two checks of a node that seems unhealthy: a short disturbance is no reason for a repair. */
  recheck: 5_000,
  /**
   * For how long a node that does not answer is asked, and the Kubernetes API about it. Longer than the API takes to see that
   * a node hangs: kube-controller-manager's --node-monitor-grace-period, 50 s.
   */
  evidence: 75_000,
  /** Pause until a node that could not go down tries again, and for how long it does so. */
  retryTurn: 5_000,
  turn: 600_000,
  /** From the end of a node's drain until it is healthy: it pulls its images after it has booted. */
  recovery: 1_200_000,
  /** On top of its drain, how long a node that drained itself for an update may be away before it counts as broken. */
  absence: 600_000,
  /** Giving back the reboot lock. */
  giveLock: 60_000,
};
