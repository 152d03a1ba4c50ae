import { addressTowards } from "./local-address.ts";
import type { SshError } from "./ssh.ts";

/** What to do when this machine cannot ask a node, by what failed. @param name The node's; undefined for any master. */
export async function adviceFor({ failure }: SshError, host: string, name?: string): Promise<string> {
  switch (failure) {
    case "connection":
      return (
        `Does \`sshSources\` admit this machine? Nodes see it as ` +
        `${(await addressTowards(host)) ?? "an address that is not known here"}, or as its NAT's public address.`
      );
    case "host key":
      return (
        `Another machine answers at ${host}, or the node was made anew by hand. Find out which before you trust it.` +
        (name ? ` One that was made anew is replaced by \`bin/pulumi up --replace '**:Claim::${name}-instance'\`.` : "")
      );
    case "login":
      return (
        "It does not take the stack's SSH key: the key has changed, or the node's authorized keys have. " +
        `A reboot gives a node the keys of its user-data${name ? `: \`exo compute instance reboot ${name}\`` : ""}.`
      );
    case "command":
      return "It took the connection, and what it was asked did not end: see what keeps it busy.";
  }
}
