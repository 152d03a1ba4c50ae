/**
 * OpenSSH public keys as a node reads them. With one that update-ssh-keys cannot read, coreos-cloudinit gives up, and the
 * node never comes up.
 */

/**
 * The types of sshd and update-ssh-keys, and what follows the type's name in a key: the length of each string in bytes,
 * or undefined for any length.
 */
const types: Readonly<Record<string, readonly (number | undefined)[]>> = {
  "ssh-ed25519": [32],
  "ecdsa-sha2-nistp256": ["nistp256".length, 65],
  "ecdsa-sha2-nistp384": ["nistp384".length, 97],
  "ecdsa-sha2-nistp521": ["nistp521".length, 133],
  // Exponent and modulus.
  "ssh-rsa": [undefined, undefined],
  "sk-ssh-ed25519@openssh.com": [32, undefined],
  "sk-ecdsa-sha2-nistp256@openssh.com": ["nistp256".length, 65, undefined],
};

/** Bits below which sshd refuses an RSA key (RequiredRSASize). */
const shortestRSA = 1024;

/** What is wrong with a line `TYPE KEY [COMMENT]`; undefined if it can be used. Does not repeat the line. */
export function wrongPublicKey(line: string): string | undefined {
  if (line.includes("PRIVATE KEY"))
    return "must be an OpenSSH public key line; this is a private key, which belongs into no configuration";
  if (/^\S+\.pub$/.test(line)) return "must be an OpenSSH public key line: what the file contains, not its path";
  const [, type = "", base64 = ""] = /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})( [^\n]*)?$/.exec(line) ?? [];
  if (type === "") return "must be an OpenSSH public key line";
  const bytes = Buffer.from(base64, "base64");
  const [name, ...rest] = strings(bytes) ?? [];
  const lengths = Object.hasOwn(types, type) ? types[type]! : undefined;
  if (!lengths && name?.toString() !== type) return "must be an OpenSSH public key line";
  if (!lengths)
    return `must be an OpenSSH public key line of a type that nodes accept: ${Object.keys(types).join(", ")}`;
  const isWhole =
    bytes.toString("base64") === base64 &&
    name?.toString() === type &&
    rest.length === lengths.length &&
    rest.every(({ length }, i) => length === (lengths[i] ?? length));
  if (!isWhole) return `must be a whole OpenSSH public key line; what follows ${type} is cut off or mistyped`;
  if (type === "ssh-rsa" && bits(rest[1]!) < shortestRSA)
    return `must be an OpenSSH public key line; sshd refuses RSA keys of less than ${shortestRSA} bits`;
  return undefined;
}

/** SSH's strings, each after its length in four bytes; undefined if the bytes are no sequence of strings. */
function strings(bytes: Buffer): Buffer[] | undefined {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}

/** Length of a big-endian number, in bits. */
const bits = (number: Buffer): number => BigInt(`0x${number.toString("hex") || "0"}`).toString(2).length;
