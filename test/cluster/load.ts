/** Load on a cluster: writes through the API, reads through a node port. Records what clients notice. */
import http from "node:http";
import https from "node:https";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";

/** The API's address, and the credentials of a kubeconfig. */
export interface Api {
  readonly server: string;
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** @param kubeconfig YAML or JSON with one cluster and one user, and with their certificates inline. */
export function apiOf(kubeconfig: string): Api {
  const {
    clusters: [{ cluster }],
    users: [{ user }],
  } = parse(kubeconfig) as {
    clusters: [{ cluster: Record<string, string> }];
    users: [{ user: Record<string, string> }];
  };
  const pem = (value: string | undefined): Buffer => Buffer.from(value ?? "", "base64");
  return {
    server: cluster["server"]!,
    ca: pem(cluster["certificate-authority-data"]),
    cert: pem(user["client-certificate-data"]),
    key: pem(user["client-key-data"]),
  };
}

/**
 * One request on a new connection, like a new client's.
 * @throws Error without a 2xx answer within five seconds
 */
export function request(
  url: string,
  { method = "GET", body = "", ...tls }: { method?: string; body?: string } & Partial<Api>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      ...tls,
      method,
      agent: false as const,
      signal: AbortSignal.timeout(5_000),
      headers: body === "" ? {} : { "content-type": "application/merge-patch+json" },
    };
    const sent = (url.startsWith("https:") ? https : http).request(url, options, (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (part: string) => (text += part))
        .on("error", reject)
        .on("end", () => {
          if (Math.floor((response.statusCode ?? 0) / 100) === 2) resolve(text);
          else reject(new Error(`${method} ${url}: ${response.statusCode} ${text.slice(0, 200)}`));
        });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A client's results. */
export interface Results {
  done: number;
  /** Tries that failed and were repeated. */
  retried: number;
  /** Requests that did not succeed within `TIMEOUT`: time and last error of each. */
  failed: string[];
  /** Longest time from a request's first try to its success, in milliseconds. */
  longest: number;
}

/** Milliseconds during which a client retries a request. */
const TIMEOUT = 60_000;
const PAUSE = 250;

/** Repeats `once` every quarter of a second until the returned function is called, which resolves with the results. */
function keepOn(once: (n: number) => Promise<unknown>): () => Promise<Results> {
  const results: Results = { done: 0, retried: 0, failed: [], longest: 0 };
  let stopped = false;
  const over = (async () => {
    for (let n = 1; !stopped; n++) {
      const started = performance.now();
      for (;;) {
        const error = await once(n).then(
          () => undefined,
          (reason: Error) => reason,
        );
        const took = performance.now() - started;
        if (error === undefined) {
          results.done++;
          results.longest = Math.max(results.longest, took);
          break;
        }
        if (took > TIMEOUT) {
          results.failed.push(`${new Date().toISOString()} ${error.message}`);
          break;
        }
        results.retried++;
        await sleep(PAUSE);
      }
      await sleep(PAUSE);
    }
  })();
  return async () => {
    stopped = true;
    await over;
    return results;
  };
}

/** A client that writes ascending numbers into an existing ConfigMap. */
export interface Writer {
  /** Resolves with its results, the last number that the API acknowledged, and the number in the ConfigMap. */
  stop(): Promise<Results & { acknowledged: number; found: number }>;
}

export function startWriter(api: Api, configMap: string): Writer {
  const url = `${api.server}/api/v1/namespaces/default/configmaps/${configMap}`;
  let acknowledged = 0;
  const stop = keepOn(async (n) => {
    await request(url, { ...api, method: "PATCH", body: JSON.stringify({ data: { n: String(n) } }) });
    acknowledged = n;
  });
  return {
    stop: async () => {
      const results = await stop();
      const { data } = JSON.parse(await request(url, api)) as { data: { n: string } };
      return { ...results, acknowledged, found: Number(data.n) };
    },
  };
}

/** The nodes' current addresses by name: a recreated node has another. */
export type Whereabouts = () => Promise<ReadonlyMap<string, string>>;

/** A client of a node port: asks these nodes in turn, and the next one if there is no answer. */
export function startReader(names: readonly string[], whereabouts: Whereabouts, port: number): () => Promise<Results> {
  let turn = 0;
  return keepOn(async () =>
    request(`http://${(await whereabouts()).get(names[turn++ % names.length]!) ?? "192.0.2.1"}:${port}/`, {}),
  );
}

/** What was observed from outside in one second. */
export interface Look {
  /** ISO 8601. */
  readonly at: string;
  /** Nodes whose SSH port did not answer, or that the API reports as not Ready. */
  readonly away: readonly string[];
  /** Number of ready pods; undefined if the API did not answer. */
  readonly pods: number | undefined;
}

interface Items {
  items: { metadata: { name: string }; status: { conditions?: { type: string; status: string }[] } }[];
}

/** Observes these nodes and the pods with `label` every second. A node without an address is away. */
export function startLooking(
  api: Api,
  names: readonly string[],
  whereabouts: Whereabouts,
  label: string,
): () => Promise<Look[]> {
  const looks: Look[] = [];
  const conditions = async (path: string): Promise<Map<string, boolean> | undefined> => {
    const text = await request(`${api.server}${path}`, api).catch(() => undefined);
    if (text === undefined) return undefined;
    const { items } = JSON.parse(text) as Items;
    return new Map(
      items.map(({ metadata, status }) => [
        metadata.name,
        status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
      ]),
    );
  };
  let stopped = false;
  const over = (async () => {
    while (!stopped) {
      const next = Date.now() + 1000;
      const at = new Date().toISOString();
      const addresses = await whereabouts();
      const [states, pods, ...answers] = await Promise.all([
        conditions("/api/v1/nodes"),
        conditions(`/api/v1/namespaces/default/pods?labelSelector=${label}`),
        ...names.map(async (name) => [name, addresses.has(name) && (await staysUp(addresses.get(name)!))] as const),
      ]);
      const away = answers.filter(([name, answered]) => !answered || states?.get(name) === false).map(([name]) => name);
      looks.push({ at, away, pods: pods && [...pods.values()].filter(Boolean).length });
      await sleep(Math.max(0, next - Date.now()));
    }
  })();
  return async () => {
    stopped = true;
    await over;
    return looks;
  };
}

/** Whether SSH's port answers four times within 0.6 s: a machine that reboots is back within two seconds. */
async function staysUp(host: string): Promise<boolean> {
  for (let n = 0; n < 4; n++) {
    if (!(await answers22(host))) return false;
    await sleep(200);
  }
  return true;
}

function answers22(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 22, timeout: 1000 });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket
      .once("connect", () => end(true))
      .once("timeout", () => end(false))
      .once("error", () => end(false));
  });
}

/** Each node's absences, by their start; `from` and `to` are the first and the last look at which it was away. */
export function absences(looks: readonly Look[]): { node: string; from: string; to: string }[] {
  const all: { node: string; from: string; to: string }[] = [];
  const open = new Map<string, { node: string; from: string; to: string }>();
  for (const { at, away } of looks) {
    for (const node of away) {
      const absence = open.get(node);
      if (absence !== undefined) absence.to = at;
      else {
        open.set(node, { node, from: at, to: at });
        all.push(open.get(node)!);
      }
    }
    for (const node of open.keys()) if (!away.includes(node)) open.delete(node);
  }
  return all;
}
