import { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type * as tls from "@pulumi/tls";

export interface NodeCommandArgs {
  /** IPv4 address to connect to. */
  host: pulumi.Input<string>;
  /** The host key that is expected there, an OpenSSH public key line. */
  hostKey: pulumi.Input<string>;
  /** The key that logs in as core. */
  ssh: tls.PrivateKey;
  /**
   * Failed connections before it gives up. The pause between them starts at 1 s and grows by half each time, up to 15 s:
   * 10 take a minute and a half, 40 take nine minutes.
   */
  dialErrorLimit: number;
  /** Runs when the resource is created, and again when anything here changes: it has to be idempotent. */
  create: string;
  /** Runs before the resource is deleted. @default nothing runs */
  delete?: pulumi.Input<string>;
  /** Replaces the resource when one of them changes. */
  triggers: pulumi.Input<string>[];
}

/**
 * Runs a command on a node by SSH, with a pinned host key and a limited number of attempts to connect. Pulumi shows and
 * stores what it prints, so that must not contain a secret.
 */
export function nodeCommand(
  name: string,
  { host, hostKey, ssh, dialErrorLimit, ...steps }: NodeCommandArgs,
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  return new remote.Command(
    name,
    {
      ...steps,
      connection: {
        host,
        hostKey,
        user: "core",
        privateKey: ssh.privateKeyOpenssh,
        dialErrorLimit,
        perDialTimeout: 15,
      },
      logging: "stdoutAndStderr",
      // The provider would send it as an environment variable, which sshd does not accept.
      addPreviousOutputInEnv: false,
    },
    opts,
  );
}
