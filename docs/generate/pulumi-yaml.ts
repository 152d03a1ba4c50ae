import { stringify } from "yaml";
import { z } from "zod";

import { schema } from "../../config/schema.ts";

/**
 * Pulumi.yaml with the settings of config/schema.ts for `pulumi config`. What is above `config:` stays.
 * @param current the file as it is
 */
export function pulumiYaml(current: string): string {
  const [head] = current.split(/^config:$/m);
  const settings = Object.entries(schema.shape) as [string, z.ZodType][];
  const config = Object.fromEntries(settings.map(([name, check]) => [name, describe(check)]));
  // Pulumi reads YAML 1.1, where 04:00 is a number.
  return head + stringify({ config }, { lineWidth: 0, version: "1.1" });
}

function describe(check: z.ZodType) {
  const { type, description, default: value } = z.toJSONSchema(check, { io: "input" });
  const scalar = type === "number" ? "integer" : (["string", "integer"] as const).find((each) => each === type);
  // A setting without a default gets an empty one: Pulumi itself would refuse it first, and say less than config/.
  const empty = scalar ? "" : type === "array" ? [] : {};
  return { ...(scalar && { type: scalar }), description, default: value ?? empty };
}
