import { expect, test } from "vitest";

import { generateTypes } from "./generate-types.ts";

test("exoscale.d.ts is what openapi-typescript generates from exoscale.json", async () => {
  await expect(await generateTypes()).toMatchFileSnapshot("exoscale.d.ts");
});
