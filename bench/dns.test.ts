import { expect, test } from "vitest";
import { isAnswered, query } from "./dns.ts";

test("a query is encoded for TCP", () => {
  expect(query("a.bc").toString("hex")).toBe(
    "0016" + "00010100" + "0001000000000000" + "0161" + "026263" + "00" + "00010001",
  );
});

const answer = (flags: string, records: string) => Buffer.from(`000c0001${flags}0001${records}00000000`, "hex");

test("only a response with a record and without an error counts as an answer", () => {
  expect(isAnswered(answer("8580", "0001"))).toBe(true);
  expect(isAnswered(answer("8580", "0000"))).toBe(false);
  expect(isAnswered(answer("8583", "0001"))).toBe(false);
  expect(isAnswered(query("a.bc"))).toBe(false);
  expect(isAnswered(Buffer.alloc(0))).toBe(false);
});
