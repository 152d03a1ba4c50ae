import type { ElasticIp } from "./api.ts";

/** Decides which instances get the traffic of a managed elastic IP. */
export interface Healthcheck {
  readonly mode: "tcp" | "http" | "https";
  readonly port: number;
  /** Path, for http and https. */
  readonly uri?: string;
  /** Seconds, 5 to 300. */
  readonly interval: number;
  /** Seconds, 2 to 60. */
  readonly timeout: number;
  /** Successful checks in a row until an instance counts as healthy. */
  readonly strikesOk: number;
  /** Failed checks in a row until it counts as unhealthy. */
  readonly strikesFail: number;
  /** Accept any certificate. @default false */
  readonly tlsSkipVerify?: boolean;
}

/** As the API takes it. */
export function toApi({ mode, port, uri, interval, timeout, ...rest }: Healthcheck): object {
  const { strikesOk, strikesFail, tlsSkipVerify } = rest;
  return {
    mode,
    port,
    uri,
    interval,
    timeout,
    "strikes-ok": strikesOk,
    "strikes-fail": strikesFail,
    "tls-skip-verify": tlsSkipVerify,
  };
}

/** The health check of an elastic IP, without what the API fills in beyond `wanted`. */
export function fromApi({ healthcheck: check }: ElasticIp, wanted: Healthcheck): Healthcheck {
  const actual: Partial<Record<keyof Healthcheck, unknown>> = check
    ? {
        mode: check.mode,
        port: check.port,
        uri: check.uri,
        interval: check.interval,
        timeout: check.timeout,
        strikesOk: check["strikes-ok"],
        strikesFail: check["strikes-fail"],
        tlsSkipVerify: check["tls-skip-verify"] ?? false,
      }
    : {};
  const set = Object.keys(wanted) as (keyof Healthcheck)[];
  return Object.fromEntries(set.map((key) => [key, actual[key]])) as unknown as Healthcheck;
}
