import { createHash } from "node:crypto";

type Properties = Record<string, unknown>;

/**
 * What one run of Pulumi does with the resources of one type. The process of the dynamic provider lives as long as the run.
 *
 * The engine asks for no diff if a resource is named by `--replace`: it creates, where create means find or create, and then
 * deletes the id that was just found. A run that was killed in between leaves that deletion to the next one. So an id that
 * the program of this run keeps is not deleted. What a refresh or a destroy looks at is not the program's.
 */
export class Run {
  /** Inputs that the program has registered. */
  readonly #registered = new Set<string>();
  /** Those of them that are for a new resource which is not created yet. */
  readonly #awaited = new Set<string>();
  readonly #kept = new Set<string>();
  readonly #created = new Set<string>();

  checked(olds: Properties, news: Properties): void {
    const inputs = digest(news);
    this.#registered.add(inputs);
    if (Object.keys(olds).length === 0) this.#awaited.add(inputs);
  }

  /** @returns whether the program asks: not a refresh, and not the engine that looks for what else it has to replace */
  diffed(id: string, news: Properties, isReplaced: boolean): boolean {
    const isPrograms = this.#registered.has(digest(news));
    if (isPrograms && !isReplaced) this.#kept.add(id);
    return isPrograms;
  }

  created(id: string, news: Properties): void {
    const inputs = digest(news);
    this.#awaited.delete(inputs);
    if (this.#registered.has(inputs)) this.#created.add(id);
  }

  /** Whether this run has created or found it, so that its deletion is the second half of its own `--replace`. */
  hasCreated(id: string): boolean {
    return this.#created.has(id);
  }

  /** Whether it stays as it is in this run: its deletion is left from an earlier one. */
  keeps(id: string): boolean {
    return this.#kept.has(id);
  }

  /** Whether a new resource is not created yet, so that a deletion now is the first half of a `--replace`. */
  get isReplacing(): boolean {
    return this.#awaited.size > 0;
  }
}

/** Inputs hold secrets, which need not be in memory a second time. The wire does not keep the order of properties. */
function digest(inputs: Properties): string {
  const sorted = JSON.stringify(inputs, (_key, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(sorted).digest("base64");
}
