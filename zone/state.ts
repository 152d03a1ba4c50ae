import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";

import type { Records } from "./records.ts";

type Kind = keyof Records;
type Tables = { readonly [K in Kind]: Map<string, Records[K]> };

/** One change of the state: everything put and deleted becomes true together, or not at all. */
export interface Change {
  put<K extends Kind>(kind: K, record: Records[K]): void;
  delete(kind: Kind, id: string): void;
}

/** The database's file in the state's directory. */
export const STATE_FILE = "zone.db";

/** Finished operations and events kept for those who still ask; the oldest go first. */
const OPERATIONS_KEPT = 10_000;
const EVENTS_KEPT = 1_000;

/**
 * The zone's whole state: maps in memory for reading, in order of creation, and one SQLite database on disk.
 *
 * `write` returns once the change has reached the disk (write-ahead log, fsync at each commit), so whatever is
 * acknowledged afterwards survives a crash at any moment. Records are replaced, never changed in place: whoever holds
 * one across an `await` must look it up again by its id.
 */
export class State implements Tables {
  readonly instances = new Map<string, Records["instances"]>();
  readonly securityGroups = new Map<string, Records["securityGroups"]>();
  readonly elasticIps = new Map<string, Records["elasticIps"]>();
  readonly privateNetworks = new Map<string, Records["privateNetworks"]>();
  readonly templates = new Map<string, Records["templates"]>();
  readonly sshKeys = new Map<string, Records["sshKeys"]>();
  readonly antiAffinityGroups = new Map<string, Records["antiAffinityGroups"]>();
  readonly operations = new Map<string, Records["operations"]>();
  readonly events = new Map<string, Records["events"]>();

  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  /**
   * Opens `<directory>/zone.db`, making it if there is none.
   *
   * @throws Error when another process has it open: the database's lock is what keeps two daemons off one state.
   */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = join(directory, STATE_FILE);
    this.#database = new DatabaseSync(file);
    chmodSync(file, 0o600); // user-data holds private keys; the log beside it takes the same mode
    try {
      this.#database.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        CREATE TABLE IF NOT EXISTS record (
          kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)
        );
      `);
    } catch (error) {
      this.#database.close();
      if (/locked/.test(String(error))) throw new Error(`another zone is running on ${directory}`);
      throw new Error(`${file}: ${(error as Error).message}`);
    }
    // An upsert keeps the row's place: rowid order is the order of creation.
    this.#put = this.#database.prepare(
      "INSERT INTO record (kind, id, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    );
    this.#delete = this.#database.prepare("DELETE FROM record WHERE kind = ? AND id = ?");
    for (const row of this.#database.prepare("SELECT kind, id, value FROM record ORDER BY rowid").all()) {
      const table = this.#table(row.kind as Kind);
      table.set(row.id as string, upgrade(row.kind as Kind, JSON.parse(row.value as string)));
    }
  }

  /** Calls `change` to gather what is to be written and writes it, first on disk, then in memory. */
  write(change: (change: Change) => void): void {
    const steps: { kind: Kind; id: string; record?: unknown }[] = [];
    change({
      put: (kind, record) => steps.push({ kind, id: record.id, record }),
      delete: (kind, id) => steps.push({ kind, id }),
    });
    // One more than there may be goes at each write: no write adds more than one of a kind.
    const operation = oldest(this.operations, OPERATIONS_KEPT, ({ state }) => state !== "pending");
    if (operation !== undefined) steps.push({ kind: "operations", id: operation });
    const event = oldest(this.events, EVENTS_KEPT, () => true);
    if (event !== undefined) steps.push({ kind: "events", id: event });

    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const { kind, id, record } of steps) {
        if (record === undefined) this.#delete.run(kind, id);
        else this.#put.run(kind, id, JSON.stringify(record));
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
    for (const { kind, id, record } of steps) {
      const table = this.#table(kind);
      if (record === undefined) table.delete(id);
      else table.set(id, record);
    }
  }

  close(): void {
    this.#database.close();
  }

  #table(kind: Kind): Map<string, unknown> {
    return this[kind];
  }
}

/** The id of the first record that may go, if there are more than `kept`. */
function oldest<T>(records: ReadonlyMap<string, T>, kept: number, mayGo: (record: T) => boolean): string | undefined {
  if (records.size <= kept) return undefined;
  for (const [id, record] of records) if (mayGo(record)) return id;
  return undefined;
}

/** A record as this version has it; the database may be of one that knew no private networks. */
function upgrade(kind: Kind, record: object): object {
  return kind === "instances" ? { privateNetworks: [], ...record } : record;
}
