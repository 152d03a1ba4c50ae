/** What each kind of value accepts, and what is offered in place of what it refuses. */
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import type { z } from "zod";
import { schema } from "./schema.ts";

const { shape } = schema;
const { files: mirrorFiles, registries } = shape.mirror.unwrap().shape;
const { url } = shape.template.shape;

/** Undefined for a value that is accepted; else what is offered in its place, or the message. */
function refusal(check: z.ZodType, value: unknown): string | undefined {
  const issue = check.safeParse(value).error?.issues[0];
  if (!issue) return undefined;
  const { instead } = (issue.code === "custom" && (issue.params as { instead?: string })) || {};
  if (instead !== undefined) expect(check.safeParse(instead).success, `${instead} is offered`).toBe(true);
  return instead ?? issue.message;
}
/** The same of a list's only item. */
const inList = (check: z.ZodArray, value: string) => refusal(check.element as z.ZodType, value);

test.each([
  ["0.0.0.0/0", undefined],
  ["10.0.0.0/8", undefined],
  ["192.0.2.1/32", undefined],
  ["10.0.0.0/08", "10.0.0.0/8"],
  ["10.0.0.0/008", "10.0.0.0/8"],
  ["0.0.0.0/00", "0.0.0.0/0"],
  ["10.0.0.1/8", "10.0.0.0/8"],
  ["192.0.2.1", "192.0.2.1/32"],
  [" 10.0.0.0/8", "10.0.0.0/8"],
  ["10.0.0.0 / 8", "10.0.0.0/8"],
  ["0.0.0.0", "0.0.0.0/0"],
  ["0.0.0.0/32", "0.0.0.0/0"],
  ["010.0.0.0/8", "must be an IPv4 network without host bits"],
  ["10.0.0.0/33", "must be an IPv4 network without host bits"],
  ["10.0.0/8", "must be an IPv4 network without host bits"],
  ["0x0a.0.0.0/8", "must be an IPv4 network without host bits"],
  ["256.0.0.0/8", "must be an IPv4 network without host bits"],
  ["10.0.0.0/255.0.0.0", "must be an IPv4 network without host bits"],
  ["::/0", "must be an IPv4 network without host bits"],
  ["2001:db8::/32", "must be an IPv4 network without host bits"],
  ["example.org", "must be an IPv4 network without host bits"],
  ["127.0.0.1/32", "must be a network that packets come from"],
  ["224.0.0.0/4", "must be a network that packets come from"],
  ["240.0.0.0/8", "must be a network that packets come from"],
])("a source %o: %o", (value, expected) => {
  expect(inList(shape.sshSources, value)).toBe(expected);
});

test("an accepted network is what it says, and the only way to say it", () => {
  const number = fc.oneof(fc.nat(255).map(String), fc.constantFrom("0", "00", "010", "256", "1e1", " 1", ""));
  const text = fc
    .tuple(number, number, number, number, fc.oneof(fc.nat(33).map(String), fc.constantFrom("08", "", "+8", "8 ")))
    .map(([a, b, c, d, length]) => `${a}.${b}.${c}.${d}/${length}`);
  fc.assert(
    fc.property(text, (value) => {
      if (!shape.podCIDR.safeParse(value).success) return;
      const [address, length] = ipaddr.IPv4.parseCIDR(value);
      expect(`${address.toString()}/${length}`).toBe(value);
      expect(ipaddr.IPv4.networkAddressFromCIDR(value).toString()).toBe(address.toString());
    }),
    { numRuns: 2000 },
  );
});

test.each(["sshSources", "apiSources", "nodePortSources"] as const)("%s has no network twice", (name) => {
  const { error } = shape[name].safeParse(["192.0.2.0/24", "10.0.0.0/8", "192.0.2.0/24"]);
  expect(error!.issues).toMatchObject([{ path: [2], message: "is the same as [0]" }]);
  expect(shape[name].safeParse(["10.0.0.0/8", "10.1.0.0/16"]).success).toBe(true);
});

test("no key may log in twice", () => {
  const [key] = (shape.sshPublicKeys.meta() as { example: string[] }).example;
  expect(shape.sshPublicKeys.safeParse([key, key]).error!.issues[0]!.message).toBe("is the same as [0]");
});

test.each([
  ["https://api-{zone}.exoscale.com/v2", undefined],
  ["http://127.0.0.1:8180/v2", undefined],
  ["https://{zone}.example/{zone}/v2/", undefined],
  ["api.exoscale.com/v2", "must be an http or https URL"],
  ["ftp://api.example/v2", "must be an http or https URL"],
  ["https://api.example:99999/v2", "must be an http or https URL"],
  ["https://api.example:0/v2", "must be an http or https URL"],
  ["https://[::1/v2", "must be an http or https URL"],
  ["https:///v2", "must be an http or https URL"],
  ["https://api.example/v 2", "must be an http or https URL"],
  ["https://api-{region}.example/v2", "must be an http or https URL with no other placeholder than {zone}"],
  ["https://me:word@api.example/v2", "must be an http or https URL without credentials: calls are signed"],
  [
    "https://api.example/v2?zone=a",
    "must be an http or https URL, without a query and a fragment, since paths are added at its end",
  ],
])("an endpoint %o: %o", (value, expected) => {
  expect(refusal(shape.apiEndpoint, value)).toBe(expected);
});

test.each([
  ["https://images.example/flatcar.qcow2", undefined],
  ["https://images.example/flatcar.qcow2?version=1", undefined],
  ["images.example/flatcar.qcow2", "https://images.example/flatcar.qcow2"],
  [
    "https://lts.release.flatcar-linux.net/amd64-usr/4081.3.6/flatcar_production_exoscale_image.img.bz2",
    "must be an http or https URL of an image of Flatcar 4757 or later: nodes of 4081.3.6 would never apply their cloud-config",
  ],
  [
    "https://mirror.example/flatcar/4593.2.5/flatcar_production_exoscale_image.qcow2",
    "must be an http or https URL of an image of Flatcar 4757 or later: nodes of 4593.2.5 would never apply their cloud-config",
  ],
  ["https://beta.release.flatcar-linux.net/amd64-usr/4757.1.0/flatcar_production_exoscale_image.qcow2", undefined],
  ["https://alpha.release.flatcar-linux.net/amd64-usr/current/flatcar_production_exoscale_image.qcow2", undefined],
  [
    "https://images.example/flatcar.qcow2.bz2",
    "must be an http or https URL of an image as it is: Exoscale unpacks no .bz2",
  ],
  ["/home/me/flatcar.qcow2", "must be an http or https URL"],
  ["file:///home/me/flatcar.qcow2", "must be an http or https URL"],
])("an image %o: %o", (value, expected) => {
  expect(refusal(url, value)).toBe(expected);
});

test.each([
  ["https://mirror.example", undefined],
  ["http://mirror.example:8080/below", undefined],
  ["https://mirror.example/", "https://mirror.example"],
  ["https://mirror.example/below//", "https://mirror.example/below"],
  ["mirror.example", "https://mirror.example"],
  [
    "https://mirror.example/?a",
    "must be an http or https URL without a slash at its end, without a query and a fragment, since paths are added at its end",
  ],
])("a mirror's files %o: %o", (value, expected) => {
  expect(refusal(mirrorFiles, value)).toBe(expected);
});

test.each([
  ["mirror.example", undefined],
  ["mirror.example:5000", undefined],
  ["mirror:5000/all/of-them", undefined],
  ["localhost", undefined],
  ["198.18.0.1:5000", undefined],
  // docker takes them for repositories at docker.io.
  ["mirror", "must be host.domain, host:port or either with /prefix, in lower case"],
  ["mirror/prefix", "must be host.domain, host:port or either with /prefix, in lower case"],
  ["https://mirror.example/", "mirror.example"],
  ["Mirror.example/Prefix", "mirror.example/prefix"],
  ["mirror.example:65536", "must be host.domain, host:port or either with /prefix, in lower case"],
  ["mirror.example//a", "must be host.domain, host:port or either with /prefix, in lower case"],
])("a mirror's registries %o: %o", (value, expected) => {
  expect(refusal(registries, value)).toBe(expected);
});

test.each([
  ["04:00", undefined],
  ["00:00", undefined],
  ["4:00", "04:00"],
  ["24:00", "must be HH:MM, from 00:00 to 23:59"],
  ["04:60", "must be HH:MM, from 00:00 to 23:59"],
  // 04:00 in YAML without quotes.
  [240, "must be HH:MM, from 00:00 to 23:59"],
])("a window's start %o: %o", (value, expected) => {
  expect(refusal(shape.masterRebootWindow.unwrap().shape.start, value)).toBe(expected);
});

test.each([
  ["1h", 3600],
  ["1.5h", 5400],
  ["24h", 86_400],
  ["1440m", 86_400],
  ["60s", 60],
  ["59s", undefined],
  ["24h1s", undefined],
  ["60500ms", undefined],
  ["-1h", undefined],
  ["60", undefined],
  [3600, undefined],
])("a window's length %o is %o seconds", (length, expected) => {
  expect(shape.masterRebootWindow.safeParse({ length }).data?.length).toBe(expected);
});

test.each([
  ["8760h", 8760],
  ["60m", 1],
  ["1.5h", undefined],
  ["0h", undefined],
  ["2562047h", 2_562_047],
  // Longer than Go can say: the tls provider would make it negative, and the certificate expired.
  ["2562048h", undefined],
])("a validity of %o is %o hours", (validity, expected) => {
  expect(shape.leafValidity.safeParse(validity).data).toBe(expected);
});

test.each([
  ["standard.medium", undefined],
  ["Standard.Medium ", "standard.medium"],
  ["medium", "must be family.size"],
])("an instance type %o: %o", (value, expected) => {
  expect(refusal(shape.workerType, value)).toBe(expected);
});

test("what is required says so, and nothing else asks for another type than it needs", () => {
  for (const check of Object.values(shape)) {
    expect(check.safeParse(true).error?.issues[0]?.message).toMatch(/^must /);
    expect(check.safeParse(undefined).error?.issues[0]?.message ?? "is required").toBe("is required");
  }
});
