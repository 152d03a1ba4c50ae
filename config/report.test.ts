/** What is advised mends: after `pulumi config` with the printed arguments, nothing is wrong at that place. */
import { RunError } from "@pulumi/pulumi";
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadSettings } from "./index.ts";
import { schema } from "./schema.ts";

type Values = Readonly<Record<string, string>>;

const required: Values = {
  zone: "ch-gva-2",
  template: '{"url":"https://images.example/flatcar.qcow2","checksum":"0123456789abcdef0123456789abcdef"}',
  sshSources: '["203.0.113.7/32"]',
  apiSources: '["0.0.0.0/0"]',
};

function complaint(values: Values): string {
  try {
    loadSettings(values, "dev", "/nonexistent");
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(RunError);
    return (error as Error).message;
  }
}

interface Said {
  readonly where: string;
  readonly what: string;
  /** Arguments of the advised `pulumi config`. */
  readonly advice: string | undefined;
}

const said = (message: string): Said[] =>
  [...message.matchAll(/^ {2}(\S[^\n]*?): ([^\n]*)(?:\n {4}for example: pulumi config (.*))?$/gm)].map(
    ([, where, what, advice]) => ({ where: where!, what: what!, advice }),
  );

/** The words of a command. */
const words = (command: string): string[] =>
  [...command.matchAll(/(?:'[^']*'|\\'|[^\s'])+/g)].map(([word]) => word.replace(/'([^']*)'|\\(')/g, "$1$2"));

/** The parts of a path as `pulumi config --path` takes it. */
const parts = (path: string): string[] =>
  [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, text, index, name]) =>
    text === undefined ? (index ?? name!) : (JSON.parse(`"${text}"`) as string),
  );

/** What `pulumi config ADVICE` makes of the values. */
function follow(values: Values, advice: string): Values {
  const [verb, ...rest] = words(advice);
  const [name, part] = rest[0] === "--path" ? parts(rest[1]!) : [rest[0]!];
  const value = rest.at(-1)!;
  const { [name!]: before, ...others } = values;
  if (part === undefined) return verb === "rm" ? others : { ...values, [name!]: value };
  let whole: unknown;
  try {
    whole = JSON.parse(before ?? "null");
  } catch {
    whole = null;
  }
  if (/^\d+$/.test(part)) {
    const list: unknown[] = Array.isArray(whole) ? [...(whole as unknown[])] : [];
    if (verb === "rm") list.splice(Number(part), 1);
    else list[Number(part)] = value;
    return { ...values, [name!]: JSON.stringify(list) };
  }
  const fields = typeof whole === "object" && !Array.isArray(whole) ? { ...whole } : {};
  if (verb === "rm") delete (fields as Record<string, unknown>)[part];
  else (fields as Record<string, unknown>)[part] = value;
  return { ...values, [name!]: JSON.stringify(fields) };
}

const cidr = fc.tuple(
  fc.constantFrom("10.0.0.0", "10.244.0.0", "172.16.0.0", "0.0.0.0", "224.0.0.0", "10.1.2.3"),
  fc.nat(33),
);
const network = cidr.map(([address, length]) => `${address}/${length}`);
const duration = fc.oneof(
  fc.nat(100_000).map((h) => `${h}h`),
  fc.constantFrom("0h", "90m", "1.5h", "5", "", "-1h"),
);
const anything = fc.oneof(fc.string(), fc.json(), fc.constantFrom("null", "3 ", "03", "true", "{}", "[]"));
const some = <T>(own: fc.Arbitrary<T>) =>
  fc.option(fc.oneof({ weight: 4, arbitrary: own }, anything), { nil: undefined });

/** Settings as people set them: mostly almost right. */
const settings = fc.record({
  ...Object.fromEntries(Object.keys(schema.shape).map((name) => [name, some(anything)])),
  timeZone: some(fc.constantFrom("europe/zurich", "PST", "UTC", "CEST+2")),
  masters: some(fc.constantFrom("1", "2", "3", "5")),
  desiredWorkers: some(fc.nat(1100).map(String)),
  podCIDR: some(network),
  serviceCIDR: some(network),
  sshSources: some(fc.array(network, { maxLength: 5 }).map((all) => JSON.stringify(all))),
  leafValidity: some(duration),
  renewBefore: some(duration),
  caValidity: some(duration),
  template: some(
    fc
      .record({ url: fc.webUrl(), checksum: fc.string(), bootMode: fc.constantFrom("legacy", "bios") })
      .map((all) => JSON.stringify(all)),
  ),
}) as unknown as fc.Arbitrary<Record<string, string | undefined>>;

test("a mistake is followed by advice that mends it, and never by the refused value", () => {
  fc.assert(
    fc.property(settings, (chosen) => {
      const defined = Object.entries(chosen).filter((each): each is [string, string] => each[1] !== undefined);
      const values = { ...required, ...Object.fromEntries(defined) };
      for (const { where, what, advice } of said(complaint(values))) {
        if (advice === undefined) continue;
        const after = follow(values, advice);
        expect(after, advice).not.toEqual(values);
        const place = where.replace(/ and \d+ more$/, "");
        // The next of many items with the same mistake may take its place.
        if (place !== where || advice.startsWith("rm ")) continue;
        expect(
          said(complaint(after)).filter((each) => each.where === place && each.what === what),
          advice,
        ).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
});

test("one mistake in thirty items is said once", () => {
  const sshSources = JSON.stringify(Array.from({ length: 30 }, (_, i) => `10.0.${i}.1/24`));
  const message = complaint({ ...required, sshSources });
  expect(message.split("\n").slice(1)).toEqual([
    "  sshSources[0] and 29 more: must be an IPv4 network without host bits",
    "    for example: pulumi config set --path 'sshSources[0]' 10.0.0.0/24",
  ]);
});

test.each<[string, Values, string[]]>([
  [
    "a network twice",
    { sshSources: '["10.0.0.0/8","192.0.2.0/24","10.0.0.0/8"]' },
    ["  sshSources[2]: is the same as [0]", "    for example: pulumi config rm --path 'sshSources[2]'"],
  ],
  [
    "a time zone in another case",
    { timeZone: "europe/zurich" },
    [
      "  timeZone: must be a time zone's IANA name, as tzdata spells it",
      "    for example: pulumi config set timeZone Europe/Zurich",
    ],
  ],
  [
    "the example itself",
    { renewBefore: "720h", leafValidity: "720h" },
    [
      "  renewBefore: must be shorter than leafValidity 720h, or every `pulumi up` would renew",
      "    for example: pulumi config set renewBefore 60h",
    ],
  ],
  [
    "a file that does not exist",
    { template: '{"url":"https://images.example/a.qcow2","checksum":"SUMS"}' },
    ["  template.checksum: /nonexistent/SUMS does not exist"],
  ],
  [
    "a name of every object",
    { constructor: "1" },
    [
      expect.stringMatching(
        /^ {2}constructor: there is no setting constructor, docs\/configuration\.md has all$/,
      ) as string,
      "    for example: pulumi config rm constructor",
    ],
  ],
  [
    "a key with spaces",
    { sshPublicKeys: '["no key"]' },
    [
      "  sshPublicKeys[0]: must be an OpenSSH public key line",
      expect.stringMatching(
        /^ {4}for example: pulumi config set --path 'sshPublicKeys\[0\]' 'ssh-ed25519 \S+ me@laptop'$/,
      ) as string,
    ],
  ],
  [
    "an endpoint that would get private keys in clear",
    { apiEndpoint: "http://api-{zone}.exoscale.com/v2" },
    [
      "  apiEndpoint: must be https: calls to Exoscale carry private keys",
      "    for example: pulumi config set apiEndpoint 'https://api-{zone}.exoscale.com/v2'",
    ],
  ],
  [
    "an endpoint without its version",
    { apiEndpoint: "https://api-ch-gva-2.exoscale.com/" },
    [
      "  apiEndpoint: must end with /v2, the version of Exoscale's API",
      "    for example: pulumi config set apiEndpoint 'https://api-{zone}.exoscale.com/v2'",
    ],
  ],
  [
    "a checksum with its kind",
    { template: '{"url":"https://images.example/a.qcow2","checksum":"MD5:0123456789abcdef0123456789abcdef"}' },
    [
      "  template.checksum: must be the MD5 alone",
      "    for example: pulumi config set --path template.checksum 0123456789abcdef0123456789abcdef",
    ],
  ],
  [
    "an endpoint of another zone",
    { apiEndpoint: "https://api-de-fra-1.exoscale.com/v2" },
    [
      "  apiEndpoint: leads to the zone de-fra-1, and zone is ch-gva-2",
      "    for example: pulumi config set apiEndpoint 'https://api-{zone}.exoscale.com/v2'",
    ],
  ],
])("%s", (_, values, lines) => {
  expect(
    complaint({ ...required, ...values })
      .split("\n")
      .slice(1),
  ).toEqual(lines);
});
