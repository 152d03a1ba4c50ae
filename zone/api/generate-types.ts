/** Generates `exoscale.d.ts` from `exoscale.json`; generate-types.test.ts writes it and checks that it is current. */
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";

import { readDocument } from "./document.ts";

/** The types' source text. */
export async function generateTypes(): Promise<string> {
  const document = readDocument();
  // The zone has a name of its own, which Exoscale's list does not have.
  document.components.schemas["zone-name"] = { type: "string" };
  const nodes = await openapiTS(document as unknown as OpenAPI3, {
    immutable: true,
    emptyObjectsUnknown: true, // an object without properties in the document is open
    defaultNonNullable: false, // a default makes a property optional for clients
    silent: true,
  });
  return `// Generated from exoscale.json by openapi-typescript: npx vitest run --project unit zone/api/generate-types.test.ts -u\n\n${astToString(nodes)}`;
}
