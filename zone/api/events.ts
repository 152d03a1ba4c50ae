import { randomUUID } from "node:crypto";

import type { EventRecord } from "../records.ts";

/** The event of a mutation that is requested now. */
export const eventOf = (event: Omit<EventRecord, "id" | "timestamp" | "message">): EventRecord => ({
  ...event,
  id: randomUUID(),
  timestamp: new Date().toISOString(),
  message: `${event.handler} ${event.status < 400 ? "accepted" : "refused"}`,
  "body-params": withoutSecrets(event["body-params"]),
});

/** User-data holds private keys. */
const withoutSecrets = (body: EventRecord["body-params"]): EventRecord["body-params"] =>
  "user-data" in body ? { ...body, "user-data": "REDACTED" } : body;
