import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { text } from "node:stream/consumers";

import { messageOf } from "../../exoscale/errors.ts";
import { readyCommand } from "./scripts.ts";
import { ssh, SshError, type SshTarget } from "./ssh.ts";

/** How the Kubernetes API is asked, as its administrator. */
export interface KubernetesAccess {
  /** `https://ADDRESS:PORT` */
  readonly server: string;
  /** PEM of every CA that may have signed an apiserver's certificate. */
  readonly ca: string;
  /** PEM of the client certificate. */
  readonly cert: string;
  /** PEM of its private key. Secret. */
  readonly key: string;
}

/** The status of a node's `Ready` condition, or why nobody could tell it. */
export type Readiness =
  { readonly status: "True" | "False" | "Unknown" } | { readonly status?: undefined; readonly reason: string };

/** Milliseconds for a call of the Kubernetes API. */
const callTimeout = 8_000;

/**
 * Asks the Kubernetes API about a node, on both ways at the same time: by a call from here, and by a master over SSH. One of
 * them may be closed to this machine, and its clock may be wrong for TLS.
 */
export async function readiness(node: string, masters: SshTarget, access?: KubernetesAccess): Promise<Readiness> {
  const answers = [...(access ? [called(node, access)] : []), askedBy(masters, node)];
  const telling = answers.map(async (answer) => {
    if ((await answer).status === undefined) throw new Silent();
    return answer;
  });
  try {
    // The way that is closed takes its whole timeout.
    return await Promise.any(telling);
  } catch (error) {
    const other = ((error as AggregateError).errors as unknown[]).find((each) => !(each instanceof Silent));
    if (other instanceof Error) throw other;
    return answers[0]!;
  }
}

class Silent extends Error {}

async function called(node: string, { server, ...tls }: KubernetesAccess): Promise<Readiness> {
  try {
    const call = request(`${server}/api/v1/nodes/${node}`, { ...tls, signal: AbortSignal.timeout(callTimeout) });
    call.end();
    const [answer] = (await once(call, "response")) as [IncomingMessage];
    const body = await text(answer);
    if (answer.statusCode !== 200) return { reason: `${server}: ${answer.statusCode} ${answer.statusMessage}` };
    const { status } = JSON.parse(body) as { status?: { conditions?: { type: string; status: string }[] } };
    return readinessIn(status?.conditions?.find(({ type }) => type === "Ready")?.status, server);
  } catch (error) {
    const isLate = error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
    return { reason: `${server}: ${isLate ? `no answer within ${callTimeout / 1000} s` : messageOf(error)}` };
  }
}

async function askedBy(masters: SshTarget, node: string): Promise<Readiness> {
  try {
    const { output } = await ssh(masters, readyCommand(node));
    return readinessIn(/^(True|False|Unknown)$/m.exec(output)?.[1], `the API of the master at ${masters.host}`);
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    return { reason: error.message };
  }
}

function readinessIn(status: string | undefined, from: string): Readiness {
  if (status === "True" || status === "False" || status === "Unknown") return { status };
  return { reason: `${from} does not tell` };
}
