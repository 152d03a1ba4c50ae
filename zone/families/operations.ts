import { notFound } from "../api/errors.ts";
import type { Family } from "../api/family.ts";
import { viewOperation } from "../api/operations.ts";
import { query } from "../api/route.ts";
import type { Zone } from "../api/zone.ts";
import type { OperationRecord, TableName } from "../records.ts";

/** Operations on the page: this many of the newest, and all that are pending. */
const SHOWN = 100;

/** Operations, which every mutation answers. */
export const operations: Family<"operations"> = {
  tags: ["operation"],
  table: "operations",
  retention: { keep: 10_000, mayGo: (record) => (record as OperationRecord).state !== "pending" },
  routes: [
    query("get-operation", (zone, { params }) => {
      const operation = zone.state.operations.get(params.id);
      if (operation === undefined) throw notFound(`Operation ${params.id} not found`);
      return viewOperation(zone, operation);
    }),
  ],
  page: (zone) =>
    [...zone.state.operations.values()]
      .reverse()
      .filter(({ state }, index) => index < SHOWN || state === "pending")
      .map((operation) => ({
        id: operation.id,
        command: operation.command,
        state: operation.state,
        about: operation.reference && { ...operation.reference, name: nameOf(zone, operation.reference) },
        reason: operation.reason,
        message: operation.message,
        createdAt: operation.createdAt,
      })),
};

/** The name of what an operation is about, as long as it exists. */
function nameOf(zone: Zone, { type, id }: NonNullable<OperationRecord["reference"]>): string | undefined {
  const family = zone.families.find((each) => each.type === type);
  const table: TableName | undefined = family?.table;
  const record = table && zone.state[table].get(id);
  return record && family?.label?.(record);
}
