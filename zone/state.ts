import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import type { Records, TableName } from "./records.ts";

/** One change of the state: everything put and deleted becomes true together, or not at all. */
export interface Change {
  put<T extends TableName>(table: T, record: Records[T]): void;
  delete(table: TableName, id: string): void;
}

/** How a table is kept. */
export interface TableOptions {
  readonly table: TableName;
  /** Removes the oldest records that `mayGo` once there are more than `keep`; default: keeps all. */
  readonly retention?: { readonly keep: number; mayGo(record: object): boolean };
  /** Brings a record of an older version up to date. */
  readonly upgrade?: (record: object) => object;
}

export type Tables = { readonly [T in TableName]: ReadonlyMap<string, Records[T]> };

/**
 * The zone's whole state: maps in memory for reading, in order of creation, and one SQLite database on disk.
 *
 * Records are replaced, never changed in place. Code that holds one across an `await` must look it up again by its id.
 */
export interface State extends Tables {
  /**
   * Calls `change` to collect what to write, then writes it to disk and to memory. Returns once it is on disk
   * (write-ahead log, fsync at each commit), so whatever is acknowledged afterwards survives a crash.
   */
  write(change: (change: Change) => void): void;
  close(): void;
}

/** The database's file in the state's directory. */
export const STATE_FILE = "zone.db";

/**
 * Opens `<directory>/zone.db`, creating it if there is none.
 *
 * @throws Error if another process has it open (the database's lock keeps a second daemon out), or if it has records of
 * a table that is not among `tables`
 */
export function openState(directory: string, tables: Iterable<TableOptions>): State {
  const database = openDatabase(directory);
  // An upsert keeps the row's place: rowid order is the order of creation.
  const put = database.prepare(
    "INSERT INTO record (kind, id, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  );
  const remove = database.prepare("DELETE FROM record WHERE kind = ? AND id = ?");
  const options = new Map<string, TableOptions>([...tables].map((each) => [each.table, each]));
  const maps = new Map<string, Map<string, object>>([...options.keys()].map((table) => [table, new Map()]));

  for (const row of database.prepare("SELECT kind, id, value FROM record ORDER BY rowid").all()) {
    const { kind, id, value } = row as { kind: string; id: string; value: string };
    const map = maps.get(kind);
    if (map === undefined) {
      database.close();
      throw new Error(
        `${join(directory, STATE_FILE)} has records of an unknown kind, ${kind}: a newer version wrote it`,
      );
    }
    const record = JSON.parse(value) as object;
    map.set(id, options.get(kind)!.upgrade?.(record) ?? record);
  }

  function write(change: (change: Change) => void): void {
    const steps: { table: TableName; id: string; record?: object }[] = [];
    change({
      put: (table, record) => steps.push({ table, id: record.id, record }),
      delete: (table, id) => steps.push({ table, id }),
    });
    // No write adds more than one record to a table with a retention, so removing one per write is enough.
    for (const { table, retention } of options.values()) {
      const id = retention && oldest(maps.get(table)!, retention);
      if (id !== undefined) steps.push({ table, id });
    }
    database.exec("BEGIN IMMEDIATE");
    try {
      for (const { table, id, record } of steps) {
        if (record === undefined) remove.run(table, id);
        else put.run(table, id, JSON.stringify(record));
      }
      database.exec("COMMIT");
    } catch (error) {
      // SQLite has ended the transaction by itself if the disk is full.
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
    for (const { table, id, record } of steps) {
      if (record === undefined) maps.get(table)!.delete(id);
      else maps.get(table)!.set(id, record);
    }
  }

  // What is in a table was put there as a record of that table.
  return { ...(Object.fromEntries(maps) as unknown as Tables), write, close: () => database.close() };
}

function openDatabase(directory: string): DatabaseSync {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, STATE_FILE);
  const database = new DatabaseSync(file);
  chmodSync(file, 0o600); // user-data holds private keys; SQLite gives the log beside it the same mode
  try {
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS record (
        kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)
      );
    `);
    return database;
  } catch (error) {
    database.close();
    if (String(error).includes("locked")) throw new Error(`another zone is running on ${directory}`, { cause: error });
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** The id of the first record that may go, if there are more than `keep`. */
function oldest(
  records: ReadonlyMap<string, object>,
  retention: NonNullable<TableOptions["retention"]>,
): string | undefined {
  if (records.size <= retention.keep) return undefined;
  for (const [id, record] of records) if (retention.mayGo(record)) return id;
  return undefined;
}
