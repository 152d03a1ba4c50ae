import { setTimeout as sleep } from "node:timers/promises";

import type { Client } from "./client.ts";
import { Incomplete, mayHaveHappened, messageOf, OperationError, Refused } from "./errors.ts";
import type { Operation } from "./operations.ts";
import { timeouts } from "./timeouts.ts";

/** The label that carries a resource's creation token, where the API has labels. */
export const tokenLabel = "creation-token";

/** The description that carries it, where the API has no labels. */
export function tokenDescription(token: string): string {
  return `${tokenLabel}: ${token}`;
}

/** What a preview says of a resource that stays although its claim is made anew. */
export function keptNotice(kind: string, name: string): string {
  return `${kind} ${name} is kept: only its claim is made anew. The cluster uses it, so it cannot be replaced.`;
}

/** How resources of one kind are listed and identified. */
export interface Collection<T> {
  /** For messages: `security group`. */
  readonly kind: string;
  /** Where the API lists them. */
  readonly path: string;
  /** The answer's field with the list. */
  readonly field: string;
  readonly id: (resource: T) => string;
  readonly name: (resource: T) => string | undefined;
  /** True if it carries this creation token. */
  readonly hasToken: (resource: T, token: string) => boolean;
  /** True if it is being deleted and counts no more. */
  readonly isLeaving?: (resource: T) => boolean;
}

/** One resource of this stack among all of its kind. */
export interface Search<T> {
  readonly among: Collection<T>;
  readonly name: string;
  /** Its creation token, which makes it ours. */
  readonly token: string;
}

/**
 * How old a list may be, in milliseconds, when a resource is looked for the first time, to find what an earlier run created.
 * So a thousand instances need a few lists and not a thousand.
 */
export const firstLook = 5_000;

/** Names and tokens that this process has looked for. */
const lookedFor = new Set<string>();

/** How often a creation is asked for whose answers keep getting lost. */
const tries = 5;

/**
 * Finds the resource that carries our creation token, or creates it: never two, however many answers are lost, and never
 * one without the token. Resolves with its id once the operation has succeeded.
 *
 * @param create The POST. @param limit Milliseconds for the operation.
 * @throws Refused if the name is taken by a resource without the token. @throws Incomplete if it exists, but failed.
 */
export async function findOrCreate<T>(
  client: Client,
  search: Search<T>,
  create: () => Promise<Operation>,
  limit?: number,
): Promise<string> {
  const maxAge = isFirstLook(client, search) ? firstLook : 0;
  const known = (await find(client, search, maxAge)) && (await find(client, search));
  if (known) return known;
  for (let attempt = 1; ; attempt++) {
    let operation: Operation;
    try {
      operation = await create();
    } catch (error) {
      const again = mayHaveHappened(error) && attempt < tries;
      if (again) await sleep(timeouts.retry * 2 ** (attempt - 1));
      // It may have been created and the answer lost, or the name taken in between.
      const found = await find(client, search);
      if (found) return found;
      if (again) continue;
      throw error;
    }
    await created(client, search, operation, limit);
    return operation.reference?.id ?? (await find(client, search)) ?? missing(search);
  }
}

function isFirstLook<T>({ endpoint }: Client, { among: { path }, name, token }: Search<T>): boolean {
  const keys = [`${endpoint}${path} name ${name}`, `${endpoint}${path} token ${token}`];
  const isFirst = keys.every((key) => !lookedFor.has(key));
  for (const key of keys) lookedFor.add(key);
  return isFirst;
}

/** The id of our resource, if it exists. @param maxAge Milliseconds that the list may be old. */
async function find<T>(client: Client, search: Search<T>, maxAge = 0): Promise<string | undefined> {
  const { among, name, token } = search;
  const all = (await client.list<T>(among.path, among.field, maxAge)).filter((each) => !among.isLeaving?.(each));
  const ours = all.filter((each) => among.hasToken(each, token));
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
      `${nameOf(search)} exists already (${among.id(other)}), and this stack did not create it. It is left alone: delete it or rename it, or give this one another name.`,
    );
  }
  return undefined;
}

/** Waits for a creation. If it fails, the id of what was created is kept. */
async function created<T>(
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
