import { expect, test } from "vitest";
import { addressIn } from "./node.ts";

test("fixed Services have fixed addresses", () => {
  expect(addressIn("10.96.0.0/16", 1)).toBe("10.96.0.1");
  expect(addressIn("10.96.0.0/16", 10)).toBe("10.96.0.10");
  expect(addressIn("10.96.0.240/28", 10)).toBe("10.96.0.250");
});

test("a range that is too small for the DNS's address is refused", () => {
  expect(() => addressIn("10.96.0.0/29", 10)).toThrow("10.96.0.0/29 has no 10th address");
});
