import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { OpenAPIBackend, type Context } from "openapi-backend";
import addFormats from "ajv-formats";

import { ApiError, badRequest, notFound, notImplemented } from "./errors.ts";
import { loadDocument } from "./document.ts";
import type { Fault, Faults } from "./faults.ts";
import type { Operations } from "./operations.ts";
import { HANDLERS } from "./routes/index.ts";
import { verify, type Credentials } from "./signature.ts";
import { Plan, type Zone } from "./zone.ts";

export interface ApiServerOptions {
  readonly zone: Zone;
  readonly operations: Operations;
  readonly faults: Faults;
  readonly credentials: Credentials;
  /** Checks every answer against the document, closed to fields it does not name: for tests. */
  readonly validateResponses: boolean;
  /** Refuses requests with fields that the document does not name: for tests of clients. */
  readonly refuseUnknownFields: boolean;
  /** Until it says yes, every answer is 503. */
  readonly isReady: () => boolean;
}

/** The path under which the API lives. */
const ROOT = "/v2";
/** Bytes: well above the largest request, one with 32 KiB of user-data. */
const BODY_LIMIT = 1 << 20;

/** What a fault does to the connection once the answer is due. */
class Dropped extends Error {}

/** Exoscale's API over HTTP: signature, routing and validation by the document, handlers, faults on request. */
export async function createApiServer(options: ApiServerOptions): Promise<Server> {
  const { zone } = options;
  const backend = await createBackend(options);
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      if (!(error instanceof Dropped)) zone.log(`${request.method} ${request.url}: ${String((error as Error).stack ?? error)}`);
      response.destroy();
    });
  });
  // Longer than a client's own idle limit, so that it is the client who closes.
  server.keepAliveTimeout = 75_000;
  return server;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    zone.apiCalls++;
    const body = await readBody(request);
    const call: Call = { route: "-", path: {}, query: {}, body: {} };
    const [status, headers, content] = await respond(request, body, call);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(content));
    const elapsed = Math.round(performance.now() - started);
    zone.log(`${request.method} ${request.url} ${status} ${elapsed} ms${status >= 400 ? `: ${(content as { message: string }).message}` : ""}`);
    if (request.method !== "GET" && call.route !== "-") {
      zone.events.add({
        handler: call.route,
        message: `${call.route} ${status < 400 ? "accepted" : "refused"}`,
        uri: request.url ?? "",
        status,
        "elapsed-ms": Math.max(1, elapsed),
        "source-ip": request.socket.remoteAddress ?? "",
        zone: zone.name,
        "path-params": call.path,
        "get-params": call.query,
        "body-params": call.body,
      });
    }
  }

  async function respond(request: IncomingMessage, body: string, call: Call): Promise<Answer> {
    try {
      if (!options.isReady()) throw new Struck(503, "The zone is starting", { "retry-after": "1" });
      const { method = "GET", url: target = "/" } = request;
      const [path, query = ""] = target.split("?", 2) as [string, string?];
      if (path !== ROOT && !path.startsWith(`${ROOT}/`)) throw notFound(`Nothing at ${path}: the API is at ${zone.url}`);
      const unsigned = method === "GET" && path === `${ROOT}/zone` && request.headers.authorization === undefined;
      if (!unsigned) verify({ method, target, body }, request.headers.authorization, options.credentials, Date.now() / 1000);
      const route = path.slice(ROOT.length) || "/";
      const content = await backend.handleRequest(
        { method, path: route, query, body: body === "" ? undefined : body, headers: headersFor(request) }, call,
      );
      return [200, {}, content];
    } catch (error) {
      if (error instanceof Dropped) throw error;
      if (error instanceof Struck) return [error.status, error.headers, { message: error.message }];
      if (!(error instanceof ApiError)) zone.log(`${request.method} ${request.url}: ${(error as Error).stack}`);
      const { status, message, errors } = error instanceof ApiError ? error : new ApiError(500, `Internal error: ${(error as Error).message}`);
      return [status, {}, { message, errors: errors.length === 0 ? undefined : errors.map((text) => ({ message: text })) }];
    }
  }
}

type Answer = [status: number, headers: Record<string, string>, content: unknown];

/** What is known of a call once it is routed. */
interface Call {
  route: string;
  path: object;
  query: object;
  body: object;
}

/** An answer of the server's own, in place of the route's: not ready yet, or a fault. */
class Struck extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

async function createBackend(options: ApiServerOptions): Promise<OpenAPIBackend> {
  const { zone, operations, faults } = options;
  const { document, otherRoute } = loadDocument({
    zone: zone.name, closedAnswers: options.validateResponses, closedRequests: options.refuseUnknownFields,
  });
  const handlers = Object.entries(HANDLERS).map(([route, handler]) => [route, async (context: Context, call: Call) => {
    const { params, query, requestBody: body } = context.request;
    Object.assign(call, { route, path: params, query, body: body ?? {} });
    const fault = faults.take(route);
    await strikeBefore(fault);
    const result = handler(zone, { params: params as Record<string, string>, query: query as Record<string, string>, body });
    const content = result instanceof Plan ? operations.begin(result, operationFault(fault)) : result;
    if (options.validateResponses) checkResponse(context, content);
    await strikeAfter(fault);
    return content;
  }]);
  const backend = new OpenAPIBackend({
    definition: document,
    quick: true, // derive.ts's output needs no validation of its own at each start
    // Its schemas are known to be good; to check them anew for each route would cost more than all else.
    ajvOpts: { allErrors: true, strict: false, validateSchema: false, meta: false },
    customizeAjv: (ajv) => addFormats.default(ajv),
    handlers: {
      ...Object.fromEntries(handlers),
      validationFail: (context: Context) => {
        throw badRequest("Invalid request", (context.validation.errors ?? []).map(describe));
      },
      notImplemented: (context: Context) => {
        throw notImplemented(`The local zone has no ${context.operation.operationId}`);
      },
      notFound: (context: Context) => {
        const { method, path } = context.request;
        const other = otherRoute(method.toUpperCase(), path);
        throw other === undefined
          ? notFound(`No route ${method.toUpperCase()} ${path}`)
          : notImplemented(`The local zone has no ${other}`);
      },
    },
  });
  await backend.init();
  return backend;
}

async function strikeBefore(fault: Fault | undefined): Promise<void> {
  const seconds = fault?.seconds ?? 1;
  switch (fault?.kind) {
    case "rate-limit": throw new Struck(429, "Too many requests", { "retry-after": String(seconds) });
    case "server-error": throw new Struck(500, "Internal error, as asked for");
    case "unavailable": throw new Struck(503, "Service unavailable, as asked for");
    case "drop-before": throw new Dropped();
  }
}

async function strikeAfter(fault: Fault | undefined): Promise<void> {
  if (fault?.kind === "drop-after") throw new Dropped();
  if (fault?.kind === "slow") await sleep((fault.seconds ?? 5) * 1000);
}

const operationFault = (fault: Fault | undefined) =>
  fault?.kind === "operation-fails" || fault?.kind === "operation-hangs" ? fault.kind : undefined;

function checkResponse(context: Context, content: unknown): void {
  const { errors } = context.api.validateResponse(JSON.parse(JSON.stringify(content)), context.operation, 200);
  if (errors) throw new Error(`answer of ${context.operation.operationId} does not fit the document: ${errors.map(describe).join("; ")}`);
}

/** e.g. `disk-size must be >= 10`. */
function describe({ instancePath, message = "is invalid", params }: { instancePath?: string; message?: string; params?: any }): string {
  const field = (instancePath ?? "").replace(/^\/(requestBody|path|query)\/?/, "").replaceAll("/", ".") || "request";
  const detail = params?.allowedValues?.join(", ") ?? params?.additionalProperty;
  return `${field} ${message}${detail === undefined ? "" : `: ${detail}`}`;
}

function headersFor(request: IncomingMessage): Record<string, string> {
  const type = request.headers["content-type"];
  return type === undefined ? {} : { "content-type": type };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new Error(`body over ${BODY_LIMIT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
