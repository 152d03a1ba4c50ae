import { setTimeout as sleep } from "node:timers/promises";
import { OpenAPIBackend, type Context } from "openapi-backend";
import addFormats from "ajv-formats";

import type { EventRecord } from "../records.ts";
import { badRequest, notFound, notImplemented } from "./errors.ts";
import { loadDocument } from "./document.ts";
import type { Fault, Faults } from "./faults.ts";
import type { OperationFault, Operations } from "./operations.ts";
import { HANDLERS } from "./routes/index.ts";
import { Plan, type Zone } from "./zone.ts";

export interface BackendOptions {
  readonly zone: Zone;
  readonly operations: Operations;
  readonly faults: Faults;
  /** Checks every answer against the document, closed to fields it does not name: for tests. */
  readonly validateResponses: boolean;
  /** Refuses requests with fields that the document does not name: for tests of clients. */
  readonly refuseUnknownFields: boolean;
}

/** What is known of a call, once it is routed. */
export interface Call {
  route?: { readonly name: string; readonly path: object; readonly query: object; readonly body: object };
  /** Whether its event has been written, together with its operation. */
  recorded: boolean;
  /** The event of a call that ends with this HTTP status now. */
  event(status: number): EventRecord;
}

/** Ends a call without an answer: the connection breaks. */
export class Dropped extends Error {}

/** An answer in place of the route's own. */
export class Struck extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** Routes and validates requests by the document, and has the handlers answer them, or the faults in force. */
export async function createBackend(options: BackendOptions): Promise<OpenAPIBackend> {
  const { zone, operations, faults } = options;
  const { document, otherRoute } = loadDocument({
    zone: zone.name,
    closedAnswers: options.validateResponses,
    closedRequests: options.refuseUnknownFields,
  });
  const handlers = Object.entries(HANDLERS).map(([name, handler]) => [
    name,
    async (context: Context, call: Call) => {
      const { params, query, requestBody: body } = context.request;
      call.route = { name, path: params, query, body: body ?? {} };
      const fault = faults.take({ route: name, isMutation: context.request.method !== "get" });
      await strikeBefore(fault);
      const result = handler(zone, {
        params: params as Record<string, string>,
        query: query as Record<string, string>,
        body,
      });
      let content: object = result;
      if (result instanceof Plan) {
        content = operations.begin(result, call.event(200), operationFault(fault));
        call.recorded = true;
      }
      if (options.validateResponses) checkResponse(context, content);
      await strikeAfter(fault);
      return content;
    },
  ]);
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
    case "rate-limit":
      throw new Struck(429, "Too many requests", { "retry-after": String(seconds) });
    case "server-error":
      throw new Struck(500, "Internal error, as asked for");
    case "unavailable":
      throw new Struck(503, "Service unavailable, as asked for");
    case "drop-before":
      throw new Dropped();
  }
}

async function strikeAfter(fault: Fault | undefined): Promise<void> {
  if (fault?.kind === "drop-after") throw new Dropped();
  if (fault?.kind === "slow") await sleep((fault.seconds ?? 5) * 1000);
}

function operationFault(fault: Fault | undefined): OperationFault | undefined {
  switch (fault?.kind) {
    case "operation-fails":
    case "operation-hangs":
    case "never-boots":
      return fault.kind;
  }
}

function checkResponse(context: Context, content: unknown): void {
  const { errors } = context.api.validateResponse(JSON.parse(JSON.stringify(content)), context.operation, 200);
  if (errors)
    throw new Error(
      `answer of ${context.operation.operationId} does not fit the document: ${errors.map(describe).join("; ")}`,
    );
}

/** e.g. `disk-size must be >= 10`. */
function describe({
  instancePath,
  message = "is invalid",
  params,
}: {
  instancePath?: string;
  message?: string;
  params?: any;
}): string {
  const field = (instancePath ?? "").replace(/^\/(requestBody|path|query)\/?/, "").replaceAll("/", ".") || "request";
  const detail = params?.allowedValues?.join(", ") ?? params?.additionalProperty;
  return `${field} ${message}${detail === undefined ? "" : `: ${detail}`}`;
}
