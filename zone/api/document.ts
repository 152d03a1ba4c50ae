import { readFileSync } from "node:fs";
import type { Document } from "openapi-backend";

type Json = null | boolean | number | string | Json[] | JsonObject;
interface JsonObject {
  [key: string]: Json;
}

/** An operation in the document, as far as the zone reads it. */
interface DocumentOperation extends JsonObject {
  operationId: string;
  responses: JsonObject;
}

/** Exoscale's API as derived by derive.ts. */
export interface RawDocument {
  info: JsonObject;
  paths: Record<string, Record<string, DocumentOperation>>;
  components: { schemas: Record<string, JsonObject> };
  /** Routes outside the zone's families, each as `METHOD /path operation-id tag [property with a list's items]`. */
  "x-other-routes": string[];
}

/** A route outside the zone's families. */
export interface OtherRoute {
  readonly method: string;
  /** With its parameters in braces, e.g. `/load-balancer/{id}`. */
  readonly path: string;
  /** Operation id, e.g. `list-dbaas-services`. */
  readonly name: string;
  /** Its tag in the document, e.g. `dbaas`. */
  readonly tag: string;
  /** Of a list: the property of the answer that has the items, e.g. `dbaas-services`. */
  readonly items?: string;
}

export interface ApiDocument {
  readonly document: Document;
  otherRoute(method: string, path: string): OtherRoute | undefined;
}

export interface DocumentOptions {
  /** The zone's name, which Exoscale's own list of zones may not have. */
  readonly zone: string;
  /**
   * Closes answers, or requests, to properties that the document does not name. The document leaves all objects open, so
   * a misspelled property passes; Exoscale's own SDK relies on that in its requests.
   */
  readonly closedAnswers: boolean;
  readonly closedRequests: boolean;
}

/** Properties of real answers that the document does not name. */
const UNDOCUMENTED: Readonly<Record<string, JsonObject>> = {
  zone: { id: { type: "string", format: "uuid" } },
  "security-group": { visibility: { type: "string", enum: ["private", "public"] } },
};

/** `exoscale.json` with the properties that it lacks. */
export function readDocument(): RawDocument {
  const raw = JSON.parse(readFileSync(new URL("exoscale.json", import.meta.url), "utf8")) as RawDocument;
  const { schemas } = raw.components;
  for (const [schema, properties] of Object.entries(UNDOCUMENTED))
    Object.assign(schemas[schema]!.properties as JsonObject, properties);
  return raw;
}

export function loadDocument({ zone, closedAnswers, closedRequests }: DocumentOptions): ApiDocument {
  const raw = readDocument();
  const { schemas } = raw.components;
  const zoneNames = schemas["zone-name"]!;
  zoneNames.enum = [...new Set([...(zoneNames.enum as string[]), zone])];
  const answerSchemas = structuredClone(schemas);
  for (const path of Object.values(raw.paths)) {
    for (const operation of Object.values(path)) {
      referTo(ANSWER, operation.responses);
      if (closedAnswers) close(operation.responses);
      if (closedRequests && operation.requestBody !== undefined) close(operation.requestBody);
    }
  }
  if (closedRequests) close(schemas);
  if (closedAnswers) close(answerSchemas);
  referTo(ANSWER, answerSchemas);
  for (const [name, schema] of Object.entries(answerSchemas)) schemas[ANSWER + name] = schema;
  const others = otherRoutes(raw).map((route) => ({
    route,
    pattern: new RegExp(`^${route.path.replace(/\{[^}]+\}/g, "[^/]+")}$`),
  }));
  return {
    document: raw as unknown as Document,
    otherRoute: (method, path) =>
      others.find(({ route, pattern }) => route.method === method && pattern.test(path))?.route,
  };
}

export const otherRoutes = (document: RawDocument): OtherRoute[] =>
  document["x-other-routes"].map((line) => {
    const [method, path, name, tag, items] = line.split(" ") as [string, string, string, string, string?];
    return { method, path, name, tag, items };
  });

/** Prefix of the copies of schemas that answers refer to. */
const ANSWER = "answer.";

function referTo(prefix: string, value: Json): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && typeof value.$ref === "string")
    value.$ref = value.$ref.replace(/[^/]+$/, (name) => prefix + name);
  for (const item of Object.values(value)) referTo(prefix, item);
}

function close(value: Json): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && value.type === "object" && value.properties !== undefined) {
    value.additionalProperties ??= false;
  }
  Object.values(value).forEach(close);
}
