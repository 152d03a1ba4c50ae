import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { createBackend, Dropped, type BackendOptions, type Call } from "./backend.ts";
import { createControl } from "./control.ts";
import { ApiError, notFound, tooMany } from "./errors.ts";
import { inWordsOf } from "./error-texts.ts";
import { eventOf } from "./events.ts";
import { Rate, RETRY_AFTER } from "./rate.ts";
import { verify, type Credentials } from "./signature.ts";

/** Answers a request, or returns false and leaves it alone. */
export type Otherwise = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface ApiServerOptions extends BackendOptions {
  readonly credentials: Credentials;
  /** While false, every answer of the API is 503. */
  readonly isReady: () => boolean;
  /** Gets what is neither for the API nor for its faults; what it leaves alone is answered 404. */
  readonly otherwise?: Otherwise;
}

type Answer = [status: number, headers: Record<string, string>, content: unknown];

/** The path under which the API lives. */
const ROOT = "/v2";
/** Bytes: well above the largest request, one with 32 KiB of user-data. */
const BODY_LIMIT = 1 << 20;

/** Exoscale's API over HTTP: signature, routing and validation by the document, handlers, faults on request. */
export async function createApiServer(options: ApiServerOptions): Promise<Server> {
  const { zone } = options;
  const backend = await createBackend(options);
  const control = createControl(options.faults);
  const rate = new Rate(zone.settings.rate);
  const server = createServer((request, response) => {
    const [path] = split(request.url);
    if (path !== ROOT && !path.startsWith(`${ROOT}/`)) {
      if (control(request, response) || options.otherwise?.(request, response)) return;
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ message: `Nothing at ${path}: the API is at ${zone.url}` }));
      return;
    }
    void answer(request, response).catch((error: unknown) => {
      if (!(error instanceof Dropped))
        zone.log(`${request.method} ${request.url}: ${String((error as Error).stack ?? error)}`);
      response.destroy();
    });
  });
  // Longer than clients keep idle connections, so that clients close them first.
  server.keepAliveTimeout = 75_000;
  return server;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const elapsed = (): number => Math.round(performance.now() - started);
    zone.apiCalls++;
    const call: Call = {
      recorded: false,
      event: (status) =>
        eventOf({
          handler: call.route!.name,
          uri: request.url ?? "",
          status,
          "elapsed-ms": Math.max(1, elapsed()),
          "source-ip": request.socket.remoteAddress ?? "",
          "path-params": call.route!.path,
          "get-params": call.route!.query,
          "body-params": call.route!.body,
        }),
    };
    const [status, headers, content] = await respond(request, call);
    // Refusals are events too.
    if (request.method !== "GET" && call.route !== undefined && !call.recorded) {
      zone.state.write((change) => change.put("events", call.event(status)));
    }
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(status < 400 ? content : inWordsOf(zone, status, content)));
    zone.log(
      `${request.method} ${request.url} ${status} ${elapsed()} ms${status >= 400 ? `: ${(content as { message: string }).message}` : ""}`,
    );
  }

  async function respond(request: IncomingMessage, call: Call): Promise<Answer> {
    try {
      const body = await readBody(request);
      if (!options.isReady()) throw new ApiError(503, "The zone is starting", { headers: { "retry-after": "1" } });
      const { method = "GET", url: target = "/" } = request;
      const [path, query] = split(target);
      const unsigned = method === "GET" && path === `${ROOT}/zone` && request.headers.authorization === undefined;
      if (!unsigned)
        verify({ method, target, body }, request.headers.authorization, options.credentials, Date.now() / 1000);
      if (!rate.admits()) throw tooMany(RETRY_AFTER);
      const route = path.slice(ROOT.length);
      if (route === "") throw notFound(`Nothing at ${path} itself`);
      const content: unknown = await backend.handleRequest(
        { method, path: route, query, body: body || emptyBody(method), headers: headersFor(request) },
        call,
      );
      return [200, {}, content];
    } catch (error) {
      if (error instanceof Dropped) throw error;
      if (!(error instanceof ApiError)) zone.log(`${request.method} ${request.url}: ${(error as Error).stack}`);
      const { status, headers, message, errors } =
        error instanceof ApiError ? error : new ApiError(500, `Internal error: ${(error as Error).message}`);
      return [
        status,
        headers,
        { message, errors: errors.length === 0 ? undefined : errors.map((text) => ({ message: text })) },
      ];
    }
  }
}

function split(url = "/"): [path: string, query: string] {
  const [path, query = ""] = url.split("?", 2) as [string, string?];
  return [path, query];
}

function headersFor(request: IncomingMessage): Record<string, string> {
  const type = request.headers["content-type"];
  return type === undefined ? {} : { "content-type": type };
}

/** Exoscale's Python bindings send no body where none of its fields is required, e.g. to start an instance. */
function emptyBody(method: string): string | undefined {
  return method === "POST" || method === "PUT" ? "{}" : undefined;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= BODY_LIMIT) chunks.push(chunk); // reads on all the same, or the client would not read the answer
    }
  } catch {
    throw new Dropped(); // the client went away
  }
  if (size > BODY_LIMIT) throw new ApiError(413, `The request has ${size} bytes, more than ${BODY_LIMIT}`);
  return Buffer.concat(chunks).toString("utf8");
}
