/** Files that settings name by paths relative to the project's directory. */
import { X509Certificate } from "node:crypto";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import type { Mirror } from "../ignition/types.ts";
import { files } from "../versions.ts";
import type { Problem } from "./problem.ts";
import { readRegularFile } from "./read-file.ts";

/** The setting `mirror`: `ca` and `checksums` are paths. */
interface MirrorSetting extends Omit<Mirror, "ca" | "checksums"> {
  readonly ca?: string;
  readonly checksums?: string;
}

/**
 * The mirror with the content of the files that the setting names.
 * @param problems what is wrong with the files is added; the result is incomplete then
 */
export function readMirror(mirror: MirrorSetting, directory: string, problems: Problem[]): Mirror {
  const { ca, checksums, ...addresses } = mirror;
  const pem = ca === undefined ? undefined : readAuthorities(ca, directory, problems);
  const sums = checksums === undefined ? undefined : readSums(checksums, directory, problems);
  return { ...addresses, ...(pem !== undefined && { ca: pem }), ...(sums && { checksums: sums }) };
}

/** The PEM of certificate authorities. */
function readAuthorities(file: string, directory: string, problems: Problem[]): string | undefined {
  const at = ["mirror", "ca"];
  const pem = readText(at, file, directory, problems);
  if (pem === undefined) return undefined;
  const complain = (what: string) => void problems.push({ at, what: `${file} ${what}`, unknown: true });
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    complain("contains a private key, which would be copied to every node");
  else if (certificates.length === 0) complain("holds no PEM certificate");
  else if (!certificates.every(isCertificate)) complain("has a certificate that cannot be read");
  return pem;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

/** The SHA-256 of each file that nodes fetch, by upstream's address. */
function readSums(file: string, directory: string, problems: Problem[]): Record<string, string> | undefined {
  const at = ["mirror", "checksums"];
  const manifest = readText(at, file, directory, problems);
  if (manifest === undefined) return undefined;
  const sums = sumsIn(manifest, 64);
  const addresses = Object.values(files).map(({ address }) => address);
  const missing = addresses.filter((address) => !sums.has(address));
  if (missing.length > 0) problems.push({ at, what: `${file} has no sha256 of ${missing.join(", ")}`, unknown: true });
  return Object.fromEntries(addresses.map((address) => [address, sums.get(address)!]));
}

/** Bits of other checksums, by their number of hex digits. */
const others: Readonly<Record<number, string>> = { 40: "SHA-1", 64: "SHA-256", 96: "SHA-384", 128: "SHA-512" };

/**
 * The template's MD5 in hex, lower case: the setting itself, or the image's line in the file that it names.
 * @param problems what is wrong with the setting or the file is added; there is no result then
 */
export function readChecksum(
  { url, checksum }: { url: string; checksum: string },
  directory: string,
  problems: Problem[],
): string | undefined {
  const at = ["template", "checksum"];
  const complain = (what: string) => void problems.push({ at, what, unknown: true });
  if (/^[0-9a-f]{32}$/i.test(checksum)) return checksum.toLowerCase();
  if (/^[0-9a-f]{24,}$/i.test(checksum)) {
    const other = others[checksum.length];
    return complain(
      `must be an MD5, which has 32 hex digits; this has ${checksum.length}${other ? `, as a ${other}` : ""}`,
    );
  }
  const [, bare] = /^md5[:= ]([0-9a-f]{32})$/i.exec(checksum) ?? [];
  if (bare) return void problems.push({ at, what: "must be the MD5 alone", instead: bare });
  const manifest = readText(at, checksum, directory, problems);
  if (manifest === undefined) return undefined;
  const image = basename(new URL(url).pathname);
  if (image === "") return complain(`${checksum} tells MD5s by the names of files, and template.url ${url} has none`);
  const sum = sumsIn(manifest, 32).get(image);
  return sum ?? complain(`${checksum} has no MD5 of ${image}`);
}

/** Checksums with that many hex digits by file name, from the output of md5sum(1) or sha256sum(1) or from Flatcar's DIGESTS. */
function sumsIn(manifest: string, digits: number): Map<string, string> {
  const lines = manifest.matchAll(new RegExp(`^([0-9a-f]{${digits}}) [ *](?:\\./)?(\\S+)\\r?$`, "gim"));
  return new Map([...lines].map(([, sum, name]) => [name!, sum!.toLowerCase()]));
}

function readText(at: Problem["at"], file: string, directory: string, problems: Problem[]): string | undefined {
  const path = resolve(directory, file);
  try {
    return readRegularFile(path);
  } catch (error) {
    const advice = file.startsWith("~/") ? { instead: join(homedir(), file.slice(2)) } : { unknown: true as const };
    problems.push({ at, what: `${path} ${(error as Error).message}`, ...advice });
    return undefined;
  }
}
