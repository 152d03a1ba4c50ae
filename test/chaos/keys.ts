import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";

import ssh2 from "ssh2";

import { isFingerprintOf } from "../../exoscale/ssh-key.ts";
import { decodeUserData } from "../../exoscale/user-data.ts";
import type { Resource } from "../sandbox/stack.ts";
import type { ChaosSandbox } from "./sandbox.ts";

/** All keys and certificates in the state. */
interface Known {
  /** Names of certificates' resources by fingerprint. */
  readonly certificates: ReadonlyMap<string, string>;
  readonly publicKeys: ReadonlySet<string>;
}

const nameOf = ({ urn }: Resource): string => urn.split("::").at(-1)!;

/**
 * Compares the keys and certificates in every instance's user-data with the state's: an instance with those of another
 * run would start, but not join.
 *
 * @returns One sentence per mismatch.
 */
export async function keyMismatches({ zone, stack }: ChaosSandbox): Promise<string[]> {
  const resources = stack.resources();
  const known = knownIn(resources);
  const wrong: string[] = [];
  const { instances } = await zone.api.get("/instance");
  for (const { id } of instances) {
    const { name, "user-data": userData, "public-ip": address } = await zone.api.get(`/instance/${id}`);
    const text = decodeUserData(userData).replace(/^ +/gm, "");
    wrong.push(...mismatchesOf(text, known, name, address).map((what) => `user-data of ${name}: ${what}`));
  }
  const registered = (await zone.api.get("/ssh-key"))["ssh-keys"];
  for (const key of resources.filter((each) => nameOf(each) === `${each.urn.split(":")[2]}-ssh`)) {
    const publicKey: string = key.outputs!.publicKeyOpenssh;
    if (registered.some(({ fingerprint }: { fingerprint: string }) => !isFingerprintOf(fingerprint, publicKey))) {
      wrong.push("the registered SSH key is not the state's");
    }
  }
  return wrong;
}

function knownIn(resources: readonly Resource[]): Known {
  const certificates = resources
    .filter(({ type }) => /:(SelfSignedCert|LocallySignedCert)$/.test(type))
    .map((each) => [new X509Certificate(each.outputs!.certPem).fingerprint256, nameOf(each)] as const);
  const keys = resources
    .filter(({ type }) => /:PrivateKey$/.test(type))
    .map(({ outputs }) => canonical(outputs!.publicKeyPem));
  return { certificates: new Map(certificates), publicKeys: new Set(keys) };
}

function mismatchesOf(text: string, known: Known, name: string, address: string): string[] {
  const wrong: string[] = [];
  // As `certificates` of ignition/file.ts writes them.
  const lines = [...text.matchAll(/^pki\/\S+ ([0-9A-F]+) (CERTIFICATE|EC PRIVATE KEY)$/gm)];
  const of = (wanted: string) =>
    lines.filter(([, , label]) => label === wanted).map(([, hex]) => Buffer.from(hex!, "hex"));
  const certificates = of("CERTIFICATE").map((der) => new X509Certificate(der));
  const keys = [
    ...of("EC PRIVATE KEY").map((key) => canonical(createPrivateKey({ key, format: "der", type: "sec1" }))),
    ...blocks(text, "(?:EC |OPENSSH )?PRIVATE KEY").map(publicOf),
  ];
  if (certificates.length === 0 || keys.length === 0) return ["it holds no keys"];
  for (const key of keys) if (!known.publicKeys.has(key)) wrong.push("it holds a private key that is not the state's");
  for (const certificate of certificates) {
    const resource = known.certificates.get(certificate.fingerprint256);
    if (resource === undefined) {
      wrong.push(`its certificate of ${certificate.subject} is not the state's`);
      continue;
    }
    if (certificate.ca) continue;
    if (!keys.includes(canonical(certificate.publicKey.export({ type: "spki", format: "pem" }))))
      wrong.push(`it has no key for ${resource}`);
    // User-data has the CAs of the certificates that a node checks, not of all that it presents.
    const issuer = certificates.find((each) => each.ca && certificate.checkIssued(each));
    if (issuer && !certificate.verify(issuer.publicKey))
      wrong.push(`${resource} is not signed by the authority beside it`);
    if (resource.endsWith("-kubelet") && !certificate.checkIP(address)) wrong.push(`${resource} is not for ${address}`);
    if (resource.endsWith("-kubelet") && !certificate.checkHost(name)) wrong.push(`${resource} is not for ${name}`);
  }
  return wrong;
}

function blocks(text: string, label: string): string[] {
  return text.match(new RegExp(`-----BEGIN (${label})-----\\n[^-]+-----END \\1-----\\n`, "g")) ?? [];
}

function publicOf(privateKey: string): string {
  if (!privateKey.includes("OPENSSH")) return canonical(privateKey);
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return canonical(key.getPublicPEM());
}

/** A public key, or that of a private one. */
const canonical = (key: Parameters<typeof createPublicKey>[0]): string =>
  createPublicKey(key).export({ type: "spki", format: "pem" }) as string;
