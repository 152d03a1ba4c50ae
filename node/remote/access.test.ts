import { expect, test } from "vitest";

import { adviceFor } from "./access.ts";
import { SshError, type SshFailure } from "./ssh.ts";

test.each<[SshFailure, RegExp, RegExp]>([
  ["connection", /`sshSources` admit this machine\? Nodes see it as 127\.0\.0\.1, or as its NAT's/, /`sshSources`/],
  [
    "host key",
    /Another machine answers at 127\.0\.0\.1.*'\*\*:Claim::kube-worker-1-instance'/,
    /before you trust it\.$/,
  ],
  ["login", /does not take the stack's SSH key.*`exo compute instance reboot kube-worker-1`\.$/, /its user-data\.$/],
  ["command", /see what keeps it busy/, /see what keeps it busy/],
])("what failed decides what there is to do: %s", async (failure, ofNode, ofMasters) => {
  const error = new SshError("SSH to core@127.0.0.1: no", failure);
  expect(await adviceFor(error, "127.0.0.1", "kube-worker-1")).toMatch(ofNode);
  expect(await adviceFor(error, "127.0.0.1")).toMatch(ofMasters);
});
