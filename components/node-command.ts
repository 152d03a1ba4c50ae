import { remote } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type * as tls from "@pulumi/tls";

export interface NodeCommandArgs {
  /** Address to connect to. */
  host: pulumi.Input<string>;
  /** The host key that is expected there. */
  hostKey: pulumi.Input<string>;
  /** Whose private key opens core's account. */
  ssh: tls.PrivateKey;
  /**
   * Failed connections before giving up; between them 1 s, then half as much more each time, up to 15 s.
   * 10 are a minute and a half, 40 are nine minutes.
   */
  dialErrorLimit: number;
  /** Runs when the resource is made, and again when anything here changes: it must not mind. */
  create: string;
  /** Runs before the resource goes. */
  delete?: string;
  /** What makes it another resource when it changes. */
  triggers?: pulumi.Input<string>[];
}

/** A step on a node by SSH, with a pinned host key and bounded dialling. What it prints is shown as it comes and holds no secret. */
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
      // The next run would send it as an environment variable, which sshd does not accept.
      addPreviousOutputInEnv: false,
    },
    opts,
  );
}
