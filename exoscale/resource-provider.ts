import { isDeepStrictEqual } from "node:util";

import { isGone } from "./errors.ts";

/** What `check` finds wrong. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** What a change of inputs means for a resource that exists. */
export interface Diff {
  readonly changes: boolean;
  /** Properties whose change makes another one in its place. */
  readonly replaces?: string[];
  readonly deleteBeforeReplace?: boolean;
  /** A sentence on what the change does, where its properties alone do not tell. Shown by every preview. */
  readonly notice?: string;
}

/**
 * The methods of one kind of resource: what Pulumi's dynamic provider calls, over plain inputs and outputs. Only
 * create, read, update and delete talk to the API, so a preview makes no call.
 */
export interface Kind<Inputs extends object, Outputs extends object> {
  /** `olds` are the inputs of last time, empty on creation. */
  check?(olds: Partial<Inputs>, news: Inputs): Failure[];
  diff(id: string, olds: Outputs, news: Inputs): Diff;
  /** Finds or makes. */
  create(inputs: Inputs): Promise<{ id: string; outs: Outputs }>;
  /** undefined: gone. `inputs` as they would have to be for things to be as they are. */
  read(id: string, olds: Outputs): Promise<{ outs: Outputs; inputs?: Inputs } | undefined>;
  /** Brings what is there to what is asked for, also after an incomplete creation. */
  update(id: string, olds: Outputs, news: Inputs): Promise<Outputs>;
  /** Its address, which never changes: see `identity.ts`. */
  address?(outs: Outputs): string;
  /** Resolves when it is gone; it may have been gone before. */
  delete(id: string, olds: Outputs): Promise<void>;
}

/** The names among `keys` whose values differ; a value that is not yet known differs. Lists of strings are sets. */
export function changed<Key extends string>(
  olds: Partial<Record<Key, unknown>>,
  news: Partial<Record<Key, unknown>>,
  keys: readonly Key[],
): Key[] {
  return keys.filter((key) => !isDeepStrictEqual(canonical(olds[key]), canonical(news[key])));
}

function canonical(value: unknown): unknown {
  return Array.isArray(value) && value.every((each) => typeof each === "string") ? [...value].sort() : value;
}

/** undefined where the API says 404. */
export async function orGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
