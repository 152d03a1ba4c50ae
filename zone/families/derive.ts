/**
 * Derives `api/exoscale.json` from Exoscale's OpenAPI document: the routes, schemas, enums and limits of the families the
 * zone has, without the prose, plus a line for every other route, so that asking for one is answered by name: its tag,
 * and for a list the property that has the items.
 *
 *     node zone/families/derive.ts openapi.yaml [YYYY-MM-DD] > zone/api/exoscale.json
 *
 * The document is public: v3/generator/source.yaml in https://github.com/exoscale/egoscale. The date is the day it was
 * obtained (default: today).
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "yaml";

import { FAMILIES } from "./index.ts";

/** Tags of the document whose routes are kept whole. */
const TAGS = new Set(FAMILIES.flatMap(({ tags }) => tags));
const PROSE = new Set(["description", "summary", "externalDocs", "tags", "deprecated"]);
const METHODS = ["get", "post", "put", "patch", "delete"];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function main(file: string, date: string): void {
  const text = readFileSync(file, "utf8");
  const source = parse(text) as JsonObject;
  const schemas = (source.components as JsonObject).schemas as JsonObject;
  const paths: JsonObject = {};
  const others: string[] = [];
  const needed = new Set<string>();

  for (const [path, item] of Object.entries(source.paths as JsonObject).sort(byKey)) {
    for (const method of METHODS) {
      const operation = (item as JsonObject)[method] as JsonObject | undefined;
      if (operation === undefined) continue;
      if ((operation.tags as string[]).some((tag) => TAGS.has(tag))) {
        const kept = distil(operation, schemas) as JsonObject;
        paths[path] = { ...(paths[path] as JsonObject | undefined), [method]: kept };
        collect(kept, needed);
      } else {
        const [tag] = operation.tags as string[];
        const words = [method.toUpperCase(), path, operation.operationId as string, tag!];
        const items = (operation.operationId as string).startsWith("list-") && itemsOf(operation, schemas);
        others.push([...words, ...(items ? [items] : [])].join(" "));
      }
    }
  }

  const kept: JsonObject = {};
  for (const name of needed) {
    kept[name] = distil(schemas[name]!, schemas);
    collect(kept[name], needed); // iterating a Set visits what is added meanwhile
  }

  process.stdout.write(
    print({
      openapi: source.openapi as string,
      info: {
        title: (source.info as JsonObject).title as string,
        version: (source.info as JsonObject).version as string,
        "x-source": "https://github.com/exoscale/egoscale v3/generator/source.yaml",
        "x-sha256": createHash("sha256").update(text).digest("hex"),
        "x-date": date,
      },
      paths,
      components: { schemas: Object.fromEntries(Object.entries(kept).sort(byKey)) },
      "x-other-routes": others.sort(),
    }),
  );
}

/**
 * Without prose, and in the dialect that both OpenAPI 3.0 and ajv's JSON Schema read alike: boolean exclusive bounds
 * become the next integer, and `nullable` beside a `$ref`, which JSON Schema ignores, is put into a copy of its target.
 */
function distil(value: Json, schemas: JsonObject, parent?: string): Json {
  if (Array.isArray(value)) return value.map((item) => distil(item, schemas));
  if (!isObject(value)) return value;
  if (value.nullable === true && typeof value.$ref === "string") {
    return { ...(distil(schemas[nameOf(value.$ref)]!, schemas) as JsonObject), nullable: true };
  }
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const isName = parent === "properties"; // a property may be called "description"
    if (!isName && (PROSE.has(key) || key.startsWith("x-") || key.startsWith("exclusive"))) continue;
    out[key] = distil(item, schemas, isName ? undefined : key);
  }
  if (parent !== "properties" && value.exclusiveMinimum === true) out.minimum = (value.minimum as number) + 1;
  if (parent !== "properties" && value.exclusiveMaximum === true) out.maximum = (value.maximum as number) - 1;
  // OpenAPI demands a description of each response.
  if (parent === "responses") for (const item of Object.values(out)) (item as JsonObject).description = "";
  return out;
}

/** The property of a list's answer that has the items; undefined if there is not just one array. */
function itemsOf(operation: JsonObject, schemas: JsonObject): string | undefined {
  const { content } = (operation.responses as JsonObject)["200"] as JsonObject;
  let { schema } = (content as JsonObject)["application/json"] as JsonObject;
  if (isObject(schema) && typeof schema.$ref === "string") schema = schemas[nameOf(schema.$ref)];
  const properties = Object.entries(((schema as JsonObject).properties ?? {}) as JsonObject);
  const arrays = properties.flatMap(([name, item]) => (isObject(item) && item.type === "array" ? [name] : []));
  return arrays.length === 1 && properties.length === 1 ? arrays[0] : undefined;
}

function collect(value: Json, into: Set<string>): void {
  if (Array.isArray(value)) return value.forEach((item) => collect(item, into));
  if (!isObject(value)) return;
  if (typeof value.$ref === "string") into.add(nameOf(value.$ref));
  for (const item of Object.values(value)) collect(item, into);
}

const nameOf = (ref: string): string => ref.slice("#/components/schemas/".length);

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0);

/** One line for each route and schema: small, and a newer document shows as a readable diff. */
function print(document: JsonObject): string {
  const lines = (value: JsonObject): string =>
    `{\n${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${JSON.stringify(item)}`)
      .join(",\n")}\n}`;
  const parts = Object.entries(document).map(([key, value]) => {
    if (key === "paths") return `"paths": ${lines(value as JsonObject)}`;
    if (key === "components") return `"components": {"schemas": ${lines((value as JsonObject).schemas as JsonObject)}}`;
    if (Array.isArray(value))
      return `${JSON.stringify(key)}: [\n${value.map((item) => JSON.stringify(item)).join(",\n")}\n]`;
    return `${JSON.stringify(key)}: ${JSON.stringify(value)}`;
  });
  return `{\n${parts.join(",\n")}\n}\n`;
}

const [file, date = new Date().toISOString().slice(0, 10)] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node zone/families/derive.ts openapi.yaml [YYYY-MM-DD] > zone/api/exoscale.json");
  process.exit(1);
}
main(file, date);
