import type { Family } from "../api/family.ts";
import { query } from "../api/route.ts";
import type { ApiAnswer } from "../api/schema.ts";
import type { EventRecord } from "../records.ts";
import type { State } from "../state.ts";

const DAY = 24 * 60 * 60 * 1000;

/** Requested mutations, accepted or refused. */
export const events: Family<"events"> = {
  tags: ["event"],
  table: "events",
  retention: { keep: 1_000, mayGo: () => true },
  routes: [
    query("list-events", (zone, { query: { from, to } }) =>
      eventsBetween(
        zone.state,
        from === undefined ? undefined : Date.parse(from),
        to === undefined ? undefined : Date.parse(to),
      ).map((event) => view(event, zone.name)),
    ),
  ],
};

/** Newest first; `from` and `to` in milliseconds since 1970, by default the last 24 hours. */
function eventsBetween({ events }: State, from = Date.now() - DAY, to = Infinity): EventRecord[] {
  return [...events.values()]
    .filter(({ timestamp }) => Date.parse(timestamp) >= from && Date.parse(timestamp) <= to)
    .reverse();
}

const view = ({ id, ...event }: EventRecord, zone: string): ApiAnswer<"list-events">[number] => ({
  ...event,
  "request-id": id,
  zone,
});
