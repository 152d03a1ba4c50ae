import { expect, test } from "vitest";
import { capabilitiesToDrop } from "./host.ts";

const status = (bounding: string): string => `Name:\tnode\nCapPrm:\t0000000000000000\nCapBnd:\t${bounding}\nCapAmb:\t0000000000000000\n`;

test("from a full set only what reaches the host is dropped", () => {
  expect(capabilitiesToDrop(status("000001ffffffffff"), 40)).toEqual(["SYS_TIME", "SYS_MODULE", "SYS_RAWIO"]);
});

test("what the host lacks is dropped too", () => {
  expect(capabilitiesToDrop(status("000001fffeffffff"), 40)).toEqual(["SYS_TIME", "SYS_MODULE", "SYS_RAWIO", "SYS_RESOURCE"]);
});

test("capabilities that the kernel does not know are not named", () => {
  expect(capabilitiesToDrop(status("0000003fffffffff"), 37)).toEqual(["SYS_TIME", "SYS_MODULE", "SYS_RAWIO"]);
});

test("another file is refused", () => {
  expect(() => capabilitiesToDrop("Name:\tnode\n", 40)).toThrow("no CapBnd line");
});
