import type { Got, Method } from "got";

import type { Api } from "./api.ts";
import { credentials } from "./credentials.ts";
import { ApiError, Refused } from "./errors.ts";
import { settled, type Operation, type WaitOptions } from "./operations.ts";
import { Pace } from "./pace.ts";
import { timeouts } from "./timeouts.ts";
import { attempts, delay } from "./retry.ts";
import { sign } from "./signature.ts";

/** Seconds that a signature is valid, as in Exoscale's own clients. */
const signatureLifetime = 600;

/** Calls one endpoint of the API. Every call is signed, has a timeout, and is repeated as in `retry.ts`. */
export interface Client {
  readonly endpoint: string;
  /** @throws ApiError */
  get<T>(path: string): Promise<T>;
  /** Not repeated if it may have succeeded: see `findOrCreate`. @throws ApiError */
  post<T = Operation>(path: string, body: object): Promise<T>;
  /** @throws ApiError */
  put<T = Operation>(path: string, body?: object): Promise<T>;
  /** @throws ApiError */
  delete<T = Operation>(path: string): Promise<T>;
  /**
   * All resources of a list.
   *
   * @param field The answer's field with the list. @param maxAge Milliseconds that the answer may be old, so that many
   * resources share one call. @default 0
   * @throws ApiError
   */
  list<T>(path: string, field: string, maxAge?: number): Promise<T[]>;
  /** Waits for an operation's success. @throws OperationError, ApiError */
  wait(operation: Operation, options: WaitOptions): Promise<void>;
}

const clients = new Map<string, Client>();

/** The client of an endpoint, one per process. */
export function connect({ endpoint }: Api): Client {
  let client = clients.get(endpoint);
  if (!client) clients.set(endpoint, (client = createClient(endpoint)));
  return client;
}

function createClient(endpoint: string): Client {
  const pace = new Pace();
  // Loaded with the first call: a preview makes none, and is quicker without.
  let http: Promise<Got> | undefined;
  const lists = new Map<string, { readonly at: number; readonly answer: Promise<Record<string, unknown>> }>();

  async function call<T>(method: Method, path: string, body?: object): Promise<T> {
    const name = `${method} ${path}`;
    try {
      const got = await (http ??= createHttp(pace));
      const answer = await got(`${endpoint.replace(/\/+$/, "")}${path}`, {
        method,
        ...(body && { json: body }),
      }).json<T>();
      pace.passed();
      return answer;
    } catch (error) {
      throw await translated(name, endpoint, error);
    }
  }

  const client: Client = {
    endpoint,
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body),
    put: (path, body = {}) => call("PUT", path, body),
    delete: (path) => call("DELETE", path),
    async list<T>(path: string, field: string, maxAge = 0): Promise<T[]> {
      let known = lists.get(path);
      if (!known || performance.now() - known.at >= maxAge) {
        known = { at: performance.now(), answer: call("GET", path) };
        lists.set(path, known);
        known.answer.catch(() => lists.delete(path));
      }
      return ((await known.answer)[field] ?? []) as T[];
    },
    wait: (operation, options) => settled(client, operation, options),
  };
  return client;
}

async function createHttp(pace: Pace): Promise<Got> {
  const { default: got } = await import("got");
  return got.extend({
    followRedirect: false, // A signature is valid for one URL.
    retry: {
      enforceRetryRules: false,
      maxRetryAfter: timeouts.retryAfter,
      calculateDelay: (retry) => {
        const wait = delay(retry);
        if (wait > 0 && retry.error.response?.statusCode === 429) pace.refused(retry.retryAfter ?? wait);
        return wait;
      },
    },
    timeout: { connect: 10_000, secureConnect: 10_000, response: 30_000, request: 60_000 },
    hooks: {
      beforeRequest: [
        async (options) => {
          await pace.turn();
          const body = typeof options.body === "string" ? options.body : "";
          options.headers.authorization = sign(
            { method: options.method, url: options.url as URL, body },
            await credentials(),
            Math.floor(Date.now() / 1000) + signatureLifetime,
          );
        },
      ],
    },
  });
}

/** Keeps only the message of got's errors, which carry the request with its user-data and signature. */
async function translated(call: string, endpoint: string, error: unknown): Promise<Error> {
  const { HTTPError, RequestError } = await import("got");
  if (error instanceof HTTPError)
    return new ApiError(call, error.response.statusCode, reasonOf(error.response.rawBody));
  if (error instanceof RequestError) {
    // Thrown by a hook, and wrapped by got.
    if (error.cause instanceof Refused) return error.cause;
    const times = error.request && error.request.retryCount + 1 >= attempts ? `, ${attempts} times` : "";
    return new ApiError(call, undefined, `${error.message || error.code} (${endpoint}${times})`);
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** The message of an error's body: Exoscale's format, with the single errors of a 400, or that of RFC 9457. */
function reasonOf(body: Uint8Array): string {
  const text = new TextDecoder().decode(body);
  try {
    const { message, errors, title, detail } = JSON.parse(text) as {
      message?: string;
      title?: string;
      detail?: string;
      errors?: { message?: string }[];
    };
    const words = [message ?? title, detail, ...(errors ?? []).map((each) => each.message)].filter((word) => word);
    if (words.length > 0) return words.join(": ");
  } catch {
    // No JSON: something in front of the API has answered. Its text is the best reason available.
  }
  return text.trim() || "no reason given";
}
