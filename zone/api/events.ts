import { randomUUID } from "node:crypto";

import type { EventRecord } from "../records.ts";
import type { State } from "../state.ts";

const DAY = 24 * 60 * 60 * 1000;

/** The event of a mutation asked for now. */
export function eventOf(event: Omit<EventRecord, "id" | "timestamp" | "message">): EventRecord {
  return {
    ...event,
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    message: `${event.handler} ${event.status < 400 ? "accepted" : "refused"}`,
    "body-params": withoutSecrets(event["body-params"]),
  };
}

/** Newest first; `from` and `to` in milliseconds since 1970, by default the last 24 hours. */
export function eventsBetween({ events }: State, from = Date.now() - DAY, to = Infinity): EventRecord[] {
  return [...events.values()]
    .filter(({ timestamp }) => Date.parse(timestamp) >= from && Date.parse(timestamp) <= to)
    .reverse();
}

/** An event as `GET /event` shows it. */
export const viewEvent = ({ id, ...event }: EventRecord, zone: string): object => ({
  ...event,
  "request-id": id,
  zone,
});

/** User-data holds private keys. */
function withoutSecrets(body: object): object {
  return "user-data" in body ? { ...body, "user-data": "REDACTED" } : body;
}
