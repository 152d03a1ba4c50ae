import ssh2 from "ssh2";

/** An Ed25519 key pair in OpenSSH's format. ssh2 drops the first byte of a public key where it is 0, once in 256 times. */
export function ed25519(): ReturnType<typeof ssh2.utils.generateKeyPairSync> {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    if (!Object.values(pair).some((key) => ssh2.utils.parseKey(key) instanceof Error)) return pair;
  }
}
