/** What a family of resources tells the zone about itself, in one descriptor. */
import type { Records, TableName } from "../records.ts";
import type { TableOptions } from "../state.ts";
import type { Route } from "./route.ts";
import type { Zone } from "./zone.ts";

export interface Family<T extends TableName = TableName, S = unknown> {
  /** Tags of its routes in Exoscale's document; derive.ts keeps the routes with these. */
  readonly tags: readonly string[];
  readonly routes: readonly Route[];
  /** Where its records are kept; a family without records has none. */
  readonly table?: T;
  readonly retention?: TableOptions["retention"];
  readonly upgrade?: TableOptions["upgrade"];
  /** The first segment of its routes and its name in `GET /quota`, e.g. `elastic-ip`. */
  readonly type?: string;
  /** Default quota. */
  readonly quota?: number;
  /** A record's name for people: in operations on the page. */
  label?(record: Records[T]): string;
  /** What `bin/zone status` shows. */
  readonly status?: FamilyStatus<S>;
  /** Its section of the page, one entry per record. No secret may be in it. */
  readonly page?: (zone: Zone) => readonly object[];
  /** Runs before the API opens: writes what always exists. */
  readonly prepare?: (zone: Zone) => void;
  /** Runs when the API opens: tasks that a restart calls for, by the id of the resource that they are queued for. */
  readonly restore?: (zone: Zone) => ReadonlyMap<string, () => Promise<void>>;
  /** A machine has turned itself off, or came back. */
  readonly followMachine?: (zone: Zone, id: string, to: "running" | "stopped") => Promise<void>;
}

export interface FamilyStatus<S> {
  /** In `bin/zone status --json`. */
  readonly of: (zone: Zone) => readonly S[];
  /** As a table; a family without one is in the JSON alone. */
  readonly columns?: readonly string[];
  row?(status: S): string[];
}

/** Tables of the state that these families need. */
export const tablesOf = (families: readonly Family[]): TableOptions[] =>
  families.flatMap(({ table, retention, upgrade }) => (table === undefined ? [] : [{ table, retention, upgrade }]));

/** Default limits by the resource's name in `GET /quota`. */
export const quotasOf = (families: readonly Family[]): Record<string, number> =>
  Object.fromEntries(
    families.flatMap(({ type, quota }) => (type === undefined || quota === undefined ? [] : [[type, quota]])),
  );
