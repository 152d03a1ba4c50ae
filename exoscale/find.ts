import { setTimeout as sleep } from "node:timers/promises";

import type { Client } from "./client.ts";
import { Incomplete, mayHaveHappened, messageOf, OperationError, Refused } from "./errors.ts";
import type { Operation } from "./operations.ts";
import { patience } from "./patience.ts";

/** The label that carries a resource's creation token, where the API has labels. */
export const tokenLabel = "creation-token";

/** The description that carries it, where the API has none. */
export function tokenDescription(token: string): string {
  return `${tokenLabel}: ${token}`;
}

/** How things of a kind are listed and told apart. */
export interface Collection<T> {
  /** For messages: `security group`. */
  readonly kind: string;
  /** Where the API lists the kind, and under which field. */
  readonly path: string;
  readonly field: string;
  id(thing: T): string;
  name(thing: T): string | undefined;
  /** It carries this mark: who has the mark asked for it. */
  isMarked(thing: T, mark: string): boolean;
  /** It is on its way out and counts no more. */
  isLeaving?(thing: T): boolean;
}

/** Our thing among all of its kind. */
export interface Search<T> {
  readonly among: Collection<T>;
  readonly name: string;
  /** What makes it ours: its creation token. */
  readonly mark: string;
}

/**
 * An answer this old (milliseconds) will do for a look at what an earlier run made. So a thousand instances need a few
 * lists and not a thousand.
 */
export const firstLook = 5_000;

/** Names and marks that this process has asked for: their first look was taken. */
const asked = new Set<string>();

/** How often something is asked for whose answer keeps getting lost. */
const tries = 5;

/**
 * Finds what carries our mark, or makes it: never two of a thing, however many answers are lost, and never somebody
 * else's. Resolves with the id once the operation has succeeded.
 *
 * @param make The POST. @param limit Milliseconds for the operation.
 * @throws Refused when the name is taken by somebody else's. @throws Incomplete when it exists, but failed.
 */
export async function findOrMake<T>(
  client: Client,
  search: Search<T>,
  make: () => Promise<Operation>,
  limit?: number,
): Promise<string> {
  const known = (await find(client, search, isFirst(client, search) ? firstLook : 0)) && (await find(client, search));
  if (known) return known;
  for (let attempt = 1; ; attempt++) {
    let operation: Operation;
    try {
      operation = await make();
    } catch (error) {
      const again = mayHaveHappened(error) && attempt < tries;
      if (again) await sleep(patience.retry * 2 ** (attempt - 1));
      // Perhaps it was made and the answer lost, or the name was taken in between.
      const found = await find(client, search);
      if (found) return found;
      if (again) continue;
      throw error;
    }
    await made(client, search, operation, limit);
    return operation.reference?.id ?? (await find(client, search)) ?? missing(search);
  }
}

function isFirst<T>({ endpoint }: Client, { among: { path }, name, mark }: Search<T>): boolean {
  const keys = [`${endpoint}${path} name ${name}`, `${endpoint}${path} mark ${mark}`];
  const isNew = keys.every((key) => !asked.has(key));
  for (const key of keys) asked.add(key);
  return isNew;
}

/** Our thing's id, if there is one. */
async function find<T>(client: Client, search: Search<T>, maxAge = 0): Promise<string | undefined> {
  const { among, name, mark } = search;
  const all = (await client.list<T>(among.path, among.field, maxAge)).filter((each) => !among.isLeaving?.(each));
  const ours = all.filter((each) => among.isMarked(each, mark));
  if (ours.length > 1) {
    throw new Refused(
      `${nameOf(search)} exists ${ours.length} times with the same creation token (${ours.map(among.id).join(", ")}): delete all but one of them.`,
    );
  }
  if (ours.length === 1) return among.id(ours[0]!);
  const other = all.find((each) => among.name(each) === name);
  if (other) {
    if (maxAge > 0) return find(client, search);
    throw new Refused(
      `${nameOf(search)} exists already (${among.id(other)}), and this stack did not make it. It is left alone: delete it or rename it, or give this one another name.`,
    );
  }
  return undefined;
}

/** Waits for a creation; when it fails, what there is of it is not lost. */
async function made<T>(
  client: Client,
  search: Search<T>,
  operation: Operation,
  limit: number | undefined,
): Promise<void> {
  try {
    await client.wait(operation, { what: `${nameOf(search)} to be created`, ...(limit !== undefined && { limit }) });
  } catch (error) {
    const id = await find(client, search).catch(() => operation.reference?.id);
    const pending = error instanceof OperationError && error.hanging ? operation.reference?.id : undefined;
    if (id ?? pending) throw new Incomplete((id ?? pending)!, messageOf(error));
    throw error;
  }
}

function missing<T>(search: Search<T>): never {
  throw new Error(`${nameOf(search)}: the API says it was created, but does not list it. Run the same command again.`);
}

function nameOf<T>({ among, name }: Search<T>): string {
  return `${among.kind} ${name}`;
}
