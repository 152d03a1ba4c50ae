import type { Reference, Records, TableName } from "../records.ts";
import { badRequest, conflict, forbidden, notFound } from "./errors.ts";
import type { Tables } from "../state.ts";
import type { PreparedChange } from "./route.ts";
import type { Zone } from "./zone.ts";

/** The records of a family: lookups, quota, and changes of one. */
export class Resource<T extends TableName> {
  readonly table: T;
  /** The first segment of its routes, e.g. `elastic-ip`. */
  readonly type: string;
  /** For messages, e.g. `Elastic IP`. */
  readonly title: string;

  constructor(table: T, type: string, title: string) {
    this.table = table;
    this.type = type;
    this.title = title;
  }

  /** By id, in order of creation. */
  in(zone: Zone): ReadonlyMap<string, Records[T]> {
    const tables: Tables = zone.state;
    return tables[this.table];
  }

  all(zone: Zone): Records[T][] {
    return [...this.in(zone).values()];
  }

  /** @throws ApiError 404 that names it, 400 without an id */
  find(zone: Zone, id: string | undefined): Records[T] {
    if (id === undefined) throw badRequest(`Invalid request: the id of the ${this.title} is missing`);
    const record = this.in(zone).get(id);
    if (record === undefined) throw notFound(`${this.title} ${id} not found`);
    return record;
  }

  /** @throws ApiError 403 if one more would exceed the quota */
  refuseOverQuota(zone: Zone): void {
    const limit = zone.settings.quotas[this.type];
    const usage = this.in(zone).size;
    if (limit !== undefined && usage >= limit) {
      throw forbidden(`Quota exceeded for ${this.type}: ${usage} of ${limit} in use`);
    }
  }

  reference(id: string): Reference {
    return { type: this.type, id };
  }

  /** Writes a record; the operation refers to it. */
  put(record: Records[T], args?: PreparedChange["args"]): PreparedChange {
    return { reference: this.reference(record.id), change: (change) => change.put(this.table, record), args };
  }

  /** Deletes a record; the operation refers to it. */
  delete(id: string, args?: PreparedChange["args"]): PreparedChange {
    return { reference: this.reference(id), change: (change) => change.delete(this.table, id), args };
  }
}

/** @throws ApiError 409 if one of `records` has the name already */
export function refuseTaken(records: Iterable<{ readonly name: string }>, name: string, message: string): void {
  for (const record of records) if (record.name === name) throw conflict(message);
}
