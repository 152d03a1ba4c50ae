import { typeByName } from "../families/instance-types.ts";
import { sign, type Credentials } from "../api/signature.ts";

/** Untyped JSON: a test's assertion on a wrong field fails by itself. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the one place where tests leave JSON untyped
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly body: Json;
}

export interface Client {
  /** One signed request; `path` below `/v2`. */
  call(method: string, path: string, body?: object): Promise<Answer>;
  /** A call that must answer 200; resolves with its body. */
  get(path: string): Promise<Json>;
  /** A mutation that must succeed; resolves with the id of its reference once its operation has succeeded. */
  operate(method: string, path: string, body?: object): Promise<string>;
  /** Resolves with an operation once it is no longer pending. */
  finished(operation: { readonly id: string; readonly state: string }): Promise<Json>;
}

/**
 * A plain client of the API for tests: no retries, so that a test sees every answer.
 * @param interval Milliseconds between two requests for an operation.
 */
export function clientOf(api: Credentials & { readonly url: string }, interval = 5): Client {
  const call: Client["call"] = async (method, path, body) => {
    const url = new URL(api.url + path);
    const text = body === undefined ? "" : JSON.stringify(body);
    const authorization = sign(
      { method, target: url.pathname + url.search, body: text },
      api,
      Math.floor(Date.now() / 1000) + 600,
    );
    const response = await fetch(url, {
      method,
      body: text || undefined,
      headers: { authorization, "content-type": "application/json" },
    });
    return { status: response.status, body: await response.json() };
  };
  const ok = async (method: string, path: string, body?: object) => {
    const answer = await call(method, path, body);
    if (answer.status === 200) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  const finished: Client["finished"] = async (operation) => {
    let latest = operation;
    while (latest.state === "pending") {
      await new Promise((resolve) => setTimeout(resolve, interval));
      latest = await ok("GET", `/operation/${operation.id}`);
    }
    return latest;
  };
  return {
    call,
    finished,
    get: (path) => ok("GET", path),
    operate: async (method, path, body) => {
      const operation = await finished(await ok(method, path, body));
      if (operation.state === "success") return operation.reference?.id;
      throw new Error(`${method} ${path}: operation ${operation.state}, ${operation.reason}: ${operation.message}`);
    },
  };
}

/** The body that registers a template. */
export const templateBody = {
  name: "Flatcar",
  url: "https://example.com/image",
  checksum: "0123456789abcdef0123456789abcdef",
  "ssh-key-enabled": true,
  "password-enabled": false,
};

/** The smallest body that creates an instance of a template, plus the fields in `more`. */
export const instanceBody = (template: string, more: object = {}): object => ({
  "disk-size": 10,
  "instance-type": { id: typeByName("standard.small")!.id },
  template: { id: template },
  ...more,
});
