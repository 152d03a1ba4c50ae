/** Kubernetes' Pod Security Standards, from the loosest on: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export const podSecurityLevels = ["privileged", "baseline", "restricted"] as const;
export type PodSecurityLevel = (typeof podSecurityLevels)[number];

export const isStricter = (level: PodSecurityLevel, than: PodSecurityLevel): boolean =>
  podSecurityLevels.indexOf(level) > podSecurityLevels.indexOf(than);
