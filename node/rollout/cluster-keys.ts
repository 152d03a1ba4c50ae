import { isDeepStrictEqual } from "node:util";
import { Refused } from "../../exoscale/errors.ts";
import { isUnknown, type ResourceProvider } from "../../exoscale/resource-provider.ts";
import { skippedSteps, stepCommands, type Replacement } from "./steps.ts";

/** A key or certificate of the whole cluster. */
export interface ClusterKey {
  /** The setting that replaces it in steps. */
  readonly setting: Replacement;
  /** Its resource's. */
  readonly urn: string;
  /** Tells it apart. Not secret. */
  readonly fingerprint: string;
  /** Hours, of a certificate: another value makes it anew, for the same key. */
  readonly validity?: number;
}

/** The steps that are taken, and every key by its name: each a property, so that the engine says which is replaced. */
export type ClusterKeysInputs = Readonly<Record<Replacement, number>> & Readonly<Record<string, number | ClusterKey>>;

/**
 * Refuses another key in the place of one that is in use: nodes take keys one after the other, and those that have the new
 * one would not get along with those that have the old one. Every key is deleted before it is replaced, so the engine asks
 * `diff` what that would mean before it does anything.
 */
export const clusterKeys: ResourceProvider<ClusterKeysInputs, ClusterKeysInputs> = {
  check: (olds, news) => [
    ...skippedSteps("caReplacement", "cluster", olds.caReplacement ?? news.caReplacement, news.caReplacement),
    ...skippedSteps("keyReplacement", "cluster", olds.keyReplacement ?? news.keyReplacement, news.keyReplacement),
    ...namesOfBoth(olds, news)
      .filter((name) => isAnother(olds[name] as ClusterKey, news[name] as ClusterKey))
      .map((name) => ({ property: name, reason: reasonOf(name, olds) })),
  ],
  diff(_id, olds, news) {
    const replaced = namesOfBoth(olds, news).find((name) => isUnknown(news[name]));
    if (replaced !== undefined) throw new Refused(reasonOf(replaced, olds));
    return { changes: !isDeepStrictEqual(olds, news) };
  },
  create: async (inputs) => ({ id: "keys", outs: inputs }),
  read: async (_id, olds) => ({ outs: olds, inputs: olds }),
  update: async (_id, _olds, news) => news,
  delete: async () => {},
};

/** Keys that were in use and still are. */
function namesOfBoth(olds: Partial<ClusterKeysInputs>, news: ClusterKeysInputs): string[] {
  return Object.keys(olds).filter((name) => typeof olds[name] === "object" && name in news);
}

function isAnother(old: ClusterKey, { fingerprint, validity }: ClusterKey): boolean {
  if (fingerprint === old.fingerprint || validity !== old.validity) return false;
  // A certificate for the same key that is there already is as good as the one before.
  return isUnknown(fingerprint) || validity === undefined;
}

function reasonOf(name: string, olds: Partial<ClusterKeysInputs>): string {
  const { setting, urn } = olds[name] as ClusterKey;
  return (
    `${name} is in use and cannot be replaced at once: nodes that have the new one would not get along with those that have not. ` +
    `Nothing was touched. It is replaced in steps, which docs/operations.md describes: ${stepCommands(setting, olds[setting])}. ` +
    `If \`pulumi state taint\` marked it, type first: pulumi state untaint '${urn}'`
  );
}
