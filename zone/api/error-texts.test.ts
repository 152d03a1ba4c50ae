import { afterAll, expect, test } from "vitest";

import { clientOf, instanceBody, templateBody } from "../testing/client.ts";
import { startApi } from "../testing/zone.ts";

const lines: string[] = [];
const zone = await startApi({ errorTexts: "other", log: (line) => void lines.push(line) });
const client = clientOf(zone);
afterAll(() => zone.close());

test("other texts keep the status of an error, and tell nothing else", async () => {
  const group = { name: "g" };
  await client.operate("POST", "/security-group", group);
  expect(await client.call("POST", "/security-group", group)).toEqual({
    status: 409,
    body: { message: "Not at this time" },
  });
  expect(await client.call("POST", "/security-group", {})).toEqual({ status: 400, body: { message: "Bad input" } });
  expect(await client.call("GET", "/block-storage")).toMatchObject({ status: 200 });
});

test("the zone's log has its own", () => {
  expect(lines.some((line) => / 409 .*: Security Group.* already in use$/.test(line))).toBe(true);
});

test("an operation that fails keeps its reason's code", async () => {
  const template = await client.operate("POST", "/template", templateBody);
  zone.faults.add({ kind: "operation-fails", route: "create-instance", count: 1 });
  const { body } = await client.call("POST", "/instance", instanceBody(template));
  expect(await client.finished(body)).toMatchObject({
    state: "failure",
    reason: "fault",
    message: "It did not work out",
  });
});
