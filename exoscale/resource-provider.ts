import { isDeepStrictEqual } from "node:util";

import { isGone } from "./errors.ts";

/** Why `check` refuses inputs. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** What a change of inputs means for a resource that exists. */
export interface Diff {
  readonly changes: boolean;
  /** Properties whose change replaces the resource. */
  readonly replaces?: string[];
  readonly deleteBeforeReplace?: boolean;
  /** A sentence that says what the change does, if its properties alone do not. Every preview shows it. */
  readonly notice?: string;
}

/**
 * What Pulumi's dynamic provider calls for one type of resource, with plain inputs and outputs. Only create, read, update
 * and delete call the API, so a preview makes no call.
 */
export interface ResourceProvider<Inputs extends object, Outputs extends object> {
  /** @param olds The inputs of the last run; empty for a creation. */
  check?(olds: Partial<Inputs>, news: Inputs): Failure[];
  diff(id: string, olds: Outputs, news: Inputs): Diff;
  /** Finds or creates: see `findOrCreate`. */
  create(inputs: Inputs): Promise<{ id: string; outs: Outputs }>;
  /** undefined if it is gone. `inputs` are those that would produce the current state. */
  read(id: string, olds: Outputs): Promise<{ outs: Outputs; inputs?: Inputs } | undefined>;
  /** Changes the resource to the new inputs, also after an incomplete creation. */
  update(id: string, olds: Outputs, news: Inputs): Promise<Outputs>;
  /** An address that never changes and becomes part of the id: see `identity.ts`. */
  address?(outs: Outputs): string;
  /** Resolves once it is gone. It may have been gone before. */
  delete(id: string, olds: Outputs): Promise<void>;
}

/** What Pulumi's dynamic provider has in previews for a value that is not known yet. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isUnknown(value: unknown): boolean {
  return value === unknownValue;
}

/** Those of `keys` whose values differ. A value that is unknown yet differs. Lists of strings are compared as sets. */
export function changed<Key extends string>(
  olds: Partial<Record<Key, unknown>>,
  news: Partial<Record<Key, unknown>>,
  keys: readonly Key[],
): Key[] {
  return keys.filter((key) => !isDeepStrictEqual(canonical(olds[key]), canonical(news[key])));
}

function canonical(value: unknown): unknown {
  return Array.isArray(value) && value.every((each) => typeof each === "string") ? [...new Set(value)].sort() : value;
}

/** The answer, or undefined if the API says 404. */
export async function orGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
