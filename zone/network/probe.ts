import { once } from "node:events";
import { request as requestHttp, type RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";
import type { HealthCheck } from "../types.ts";

/**
 * Checks a holder once: tcp needs a connection, http and https a 2xx answer; redirects are not followed.
 *
 * @param from source address of the connection
 * @param signal cancels the check
 * @returns true if it passed within the check's timeout; never rejects
 */
export async function probe(check: HealthCheck, address: string, from: string, signal: AbortSignal): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(check.timeout * 1000)]);
  const ask = check.mode === "tcp" ? connects : answers;
  return ask(check, address, from, limit).catch(() => false);
}

async function connects(
  { port }: HealthCheck,
  host: string,
  localAddress: string,
  signal: AbortSignal,
): Promise<boolean> {
  const socket = connect({ host, port, localAddress });
  try {
    await once(socket, "connect", { signal });
    return true;
  } finally {
    socket.destroy();
  }
}

async function answers(check: HealthCheck, host: string, localAddress: string, signal: AbortSignal): Promise<boolean> {
  const { mode, port, uri = "/", tlsSkipVerify = false, tlsSni } = check;
  const options: RequestOptions = { host, port, path: uri, localAddress, signal, agent: false };
  const request =
    mode === "https"
      ? requestHttps({ ...options, rejectUnauthorized: !tlsSkipVerify, servername: tlsSni ?? "" })
      : requestHttp(options);
  const response = new Promise<number>((resolve, reject) => {
    request.on("response", ({ statusCode = 0 }) => resolve(statusCode)).on("error", reject);
  });
  request.end();
  try {
    const status = await response;
    return status >= 200 && status < 300;
  } finally {
    request.on("error", () => {}).destroy();
  }
}
