import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import writeFileAtomic from "write-file-atomic";

import { run } from "../command.ts";

/** Files of a TLS server, PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

const CA_DAYS = 3650;
/** The most that common clients accept. */
const SERVER_DAYS = 825;

/**
 * Creates the zone's CA in `state` (ca.pem, ca.key) unless it exists, and a server certificate for `addresses` signed by it
 * (server.pem, server.key). The server certificate is new at each start, so it does not expire in use. Only the owner can
 * read the keys' files.
 *
 * @param name goes into the CA's subject
 * @param addresses IP addresses the server is reached at
 * @throws Error with openssl's message
 */
export async function issueCertificate(
  state: string,
  name: string,
  addresses: readonly string[],
): Promise<Certificate> {
  await mkdir(state, { recursive: true, mode: 0o700 });
  const [ca, caKey] = [join(state, "ca.pem"), join(state, "ca.key")];
  if (!existsSync(ca) || !existsSync(caKey)) {
    // openssl's own files are empty after a kill, and on a full disk, where it does not fail.
    const made = await mkdtemp(join(state, "ca-"));
    try {
      await makeCA(made, name);
      const [key, certificate] = [await readFile(join(made, "ca.key")), await readFile(join(made, "ca.pem"))];
      if (!belongs(key, certificate)) throw new Error(`${state} has no room for the zone's CA`);
      await writeFileAtomic(caKey, key, { mode: 0o600 });
      await writeFileAtomic(ca, certificate);
    } finally {
      await rm(made, { recursive: true });
    }
  }
  const files = { certificate: join(state, "server.pem"), key: join(state, "server.key") };
  await openssl([
    "req",
    "-x509",
    ...newKey(files.key),
    "-out",
    files.certificate,
    "-days",
    `${SERVER_DAYS}`,
    "-CA",
    ca,
    "-CAkey",
    caKey,
    "-subj",
    `/CN=${addresses[0]}`,
    "-addext",
    `subjectAltName=${addresses.map((address) => `IP:${address}`).join(",")}`,
    "-addext",
    "basicConstraints=critical,CA:FALSE",
    "-addext",
    "keyUsage=critical,digitalSignature",
    "-addext",
    "extendedKeyUsage=serverAuth",
  ]);
  await chmod(files.key, 0o600);
  return files;
}

const makeCA = (directory: string, name: string): Promise<void> =>
  openssl([
    "req",
    "-x509",
    ...newKey(join(directory, "ca.key")),
    "-out",
    join(directory, "ca.pem"),
    "-days",
    `${CA_DAYS}`,
    "-subj",
    `/CN=${name}`,
    "-addext",
    "basicConstraints=critical,CA:TRUE,pathlen:0",
    "-addext",
    "keyUsage=critical,keyCertSign,cRLSign",
  ]);

/** Whether both are whole. */
function belongs(key: Buffer, certificate: Buffer): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

const newKey = (file: string): string[] => [
  "-newkey",
  "ec",
  "-pkeyopt",
  "ec_paramgen_curve:P-256",
  "-noenc",
  "-keyout",
  file,
];

async function openssl(args: readonly string[]): Promise<void> {
  await run("openssl", ["req", "-config", "/dev/null", ...args.slice(1)]).catch((cause: Error) => {
    throw new Error(`no certificate for the mirror: ${cause.message}`, { cause });
  });
}
