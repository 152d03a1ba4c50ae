import { readFileSync } from "node:fs";
import type { Document } from "openapi-backend";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Exoscale's API as derived by derive.ts. */
export interface ApiDocument {
  readonly document: Document;
  /** Says which route outside the zone's families a path belongs to, e.g. `list-dbaas-services`. */
  otherRoute(method: string, path: string): string | undefined;
}

export interface DocumentOptions {
  /** The zone's name, which Exoscale's own list of zones does not have. */
  readonly zone: string;
  /**
   * Closes answers, or requests, to properties that the document does not name. The document leaves all objects open,
   * so that a misspelled property passes; Exoscale's own SDK relies on it with its requests.
   */
  readonly closedAnswers: boolean;
  readonly closedRequests: boolean;
}

export function loadDocument({ zone, closedAnswers, closedRequests }: DocumentOptions): ApiDocument {
  const raw = JSON.parse(readFileSync(new URL("exoscale.json", import.meta.url), "utf8"));
  const { schemas } = raw.components;
  schemas["zone-name"].enum.push(zone);
  for (const [schema, properties] of Object.entries(UNDOCUMENTED))
    Object.assign(schemas[schema].properties, properties);
  const answerSchemas = structuredClone(schemas);
  for (const path of Object.values<any>(raw.paths)) {
    for (const operation of Object.values<any>(path)) {
      referTo(ANSWER, operation.responses);
      if (closedAnswers) close(operation.responses);
      if (closedRequests && operation.requestBody) close(operation.requestBody);
    }
  }
  if (closedRequests) close(schemas);
  if (closedAnswers) close(answerSchemas);
  referTo(ANSWER, answerSchemas);
  for (const [name, schema] of Object.entries(answerSchemas)) schemas[ANSWER + name] = schema;
  const others = (raw["x-other-routes"] as string[]).map((line) => {
    const [method, path, name] = line.split(" ") as [string, string, string];
    return { method, name, pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/]+")}$`) };
  });
  return {
    document: raw as Document,
    otherRoute: (method, path) => others.find((route) => route.method === method && route.pattern.test(path))?.name,
  };
}

/** What real answers carry and the document does not name. */
const UNDOCUMENTED = {
  zone: { id: { type: "string", format: "uuid" } },
  "security-group": { visibility: { type: "string", enum: ["private", "public"] } },
};

/** Prefix of the copies of schemas that answers refer to. */
const ANSWER = "answer.";

function referTo(prefix: string, value: Json): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && typeof value.$ref === "string")
    value.$ref = value.$ref.replace(/[^/]+$/, (name) => prefix + name);
  Object.values(value).forEach((item) => referTo(prefix, item));
}

function close(value: Json): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && value.type === "object" && value.properties !== undefined) {
    value.additionalProperties ??= false;
  }
  Object.values(value).forEach(close);
}
