import { randomUUID } from "node:crypto";

/** A mutation that was asked for, as `GET /event` shows it. */
export interface Event {
  readonly timestamp: string;
  readonly "request-id": string;
  /** The route's operation id. */
  readonly handler: string;
  readonly message: string;
  readonly uri: string;
  readonly status: number;
  readonly "elapsed-ms": number;
  readonly "source-ip": string;
  readonly zone: string;
  readonly "path-params": object;
  readonly "get-params": object;
  readonly "body-params": object;
}

const KEPT = 1000;

/** The last thousand mutations. Kept in memory: a restart begins a new list. */
export class Events {
  readonly #events: Event[] = [];

  add(event: Omit<Event, "timestamp" | "request-id">): void {
    this.#events.push({
      ...event,
      timestamp: new Date().toISOString(),
      "request-id": randomUUID(),
      "body-params": withoutSecrets(event["body-params"]),
    });
    if (this.#events.length > KEPT) this.#events.shift();
  }

  /** Newest first; `from` and `to` in milliseconds since 1970. */
  between(from = -Infinity, to = Infinity): Event[] {
    return this.#events.filter(({ timestamp }) => Date.parse(timestamp) >= from && Date.parse(timestamp) <= to).reverse();
  }
}

/** User-data holds private keys. */
function withoutSecrets(body: object): object {
  return "user-data" in body ? { ...body, "user-data": "REDACTED" } : body;
}
