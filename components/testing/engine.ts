/** For tests: an engine in memory. Import it before anything that makes resources. */
import * as pulumi from "@pulumi/pulumi";

export interface Registered {
  readonly type: string;
  readonly name: string;
  /** The resource's inputs, secrets in clear. */
  readonly inputs: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests assert on any field as it arrives
  /** The same as JSON without what is marked secret: what a state file shows in clear. */
  readonly visible: string;
}

let registered: Registered[] = [];

/** Outputs that a test may choose. */
export interface Answers {
  /** Of `ClusterOrigin`. @default "random", a new cluster's */
  readonly secretsKey?: "derived" | "random";
}
let answers: Answers = {};

/** PEM with a text for a certificate. */
const certificate = (text: string): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString("base64")}\n-----END CERTIFICATE-----\n`;

/** As the private key of this name. */
export const keyInPEM = (name: string): string =>
  `-----BEGIN EC PRIVATE KEY-----\nSECRET pem of ${name}\n-----END EC PRIVATE KEY-----\n`;

/** The texts of the certificates of a bundle. */
export const certificatesIn = (pem: string): string[] =>
  [...pem.matchAll(/BEGIN CERTIFICATE-----\n(.*)\n/g)].map(([, base64]) => Buffer.from(base64!, "base64").toString());

/** A resource's outputs as its provider would give them. */
function outputs(
  type: string,
  name: string,
  { validityPeriodHours, wanted, algorithm }: { validityPeriodHours?: number; wanted?: string; algorithm?: string },
): Record<string, unknown> {
  const number = Number(/(\d+)$/.exec(name)?.[1] ?? 0);
  const secret = (what: string) => `SECRET ${what} of ${name}`;
  switch (type) {
    case "tls:index/privateKey:PrivateKey":
      return {
        privateKeyPem: keyInPEM(name),
        privateKeyOpenssh: secret("openssh"),
        publicKeyPem: `-----BEGIN PUBLIC KEY-----\npublic key of ${name}\n-----END PUBLIC KEY-----\n`,
        publicKeyOpenssh: `${algorithm === "ED25519" ? "ssh-ed25519" : "ecdsa-sha2-nistp256"} ${name}\n`,
      };
    case "tls:index/certRequest:CertRequest":
      return { certRequestPem: `request ${name}` };
    case "tls:index/selfSignedCert:SelfSignedCert":
    case "tls:index/locallySignedCert:LocallySignedCert":
      return { certPem: certificate(`certificate ${name} for ${validityPeriodHours} h`) };
    case "random:index/randomPassword:RandomPassword":
      return { result: secret("password") };
    case "pulumi-nodejs:dynamic/exoscale:ClusterOrigin":
      return { secretsKey: answers.secretsKey ?? "random" };
    case "pulumi-nodejs:dynamic/exoscale:PodSecurity":
      return { level: wanted ?? "baseline" };
    case "pulumi-nodejs:dynamic/exoscale:ElasticIp":
      return { ip: "198.51.100.99" };
    case "pulumi-nodejs:dynamic/exoscale:Instance":
      return { publicIp: `198.51.100.${(name.includes("master") ? 10 : 20) + number}` };
    default:
      return {};
  }
}

/** How Pulumi marks a secret among inputs. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const isSecret = (value: unknown): value is { value: unknown } =>
  typeof value === "object" && value !== null && SIGNATURE in value;

function revealed(value: unknown): unknown {
  if (isSecret(value)) return revealed(value.value);
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, revealed(field)]));
}

const mocks: pulumi.runtime.Mocks = {
  newResource({ type, name, inputs }) {
    const { __provider: _provider, ...own } = inputs as Record<string, unknown>;
    registered.push({
      type,
      name,
      inputs: revealed(own),
      visible: JSON.stringify(own, (_, value) => (isSecret(value) ? undefined : value)),
    });
    return { id: `${name}-id`, state: { ...own, ...outputs(type, name, own) } };
  },
  call: ({ inputs }) => inputs as Record<string, unknown>,
};

/** Runs a program and returns every resource it registered, components included, beside what it returned. */
export async function run<T>(
  program: () => T | Promise<T>,
  given: Answers = {},
): Promise<{ resources: Registered[]; result: T }> {
  registered = [];
  answers = given;
  await pulumi.runtime.setMocks(mocks, "kubernetes", "dev", false);
  let result!: T;
  await pulumi.runtime.runInPulumiStack(async () => {
    result = await program();
  });
  // Waits for every registration that is still under way.
  await pulumi.runtime.disconnect();
  return { resources: registered, result };
}

/** Resources of one kind, e.g. `Instance`, by name. */
export const byName = (resources: readonly Registered[], kind: string): Record<string, Registered["inputs"]> =>
  Object.fromEntries(
    resources.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ name, inputs }) => [name, inputs]),
  );

/** An output's value and whether it is secret. */
export async function settled<T>(output: pulumi.Output<T>): Promise<{ value: T; isSecret: boolean }> {
  const value = await new Promise<T>((resolve) => output.apply(resolve));
  return { value, isSecret: await pulumi.isSecret(output) };
}
