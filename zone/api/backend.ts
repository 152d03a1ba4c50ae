import { setTimeout as sleep } from "node:timers/promises";
import { OpenAPIBackend, type Context } from "openapi-backend";
import addFormats from "ajv-formats";

import type { EventRecord } from "../records.ts";
import { absenceOf, absent } from "./absent.ts";
import { ApiError, badRequest, notFound, notImplemented, tooMany } from "./errors.ts";
import { loadDocument } from "./document.ts";
import type { Fault, Faults } from "./faults.ts";
import type { OperationFault, Operations } from "./operations.ts";
import type { Route } from "./route.ts";
import type { Zone } from "./zone.ts";

export interface BackendOptions {
  readonly zone: Zone;
  readonly operations: Operations;
  readonly faults: Faults;
  /** Checks every answer against the document, closed to fields it does not name: for tests. */
  readonly validateResponses: boolean;
  /** Refuses requests with fields that the document does not name: for tests of clients. */
  readonly refuseUnknownFields: boolean;
}

/** What is known of a call once it is routed. */
export interface Call {
  route?: {
    readonly name: string;
    readonly path: Readonly<Record<string, unknown>>;
    readonly query: Readonly<Record<string, unknown>>;
    readonly body: Readonly<Record<string, unknown>>;
  };
  /** Whether its event has been written, together with its operation. */
  recorded: boolean;
  /** The event of a call that ends with this HTTP status now. */
  event(status: number): EventRecord;
}

/** openapi-backend leaves these untyped. */
interface ValidatedRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly requestBody?: Readonly<Record<string, unknown>>;
}

/** Ends a call without an answer: the connection breaks. */
export class Dropped extends Error {}

/** Routes and validates requests by the document; the routes or the faults in force answer them. */
export async function createBackend(options: BackendOptions): Promise<OpenAPIBackend> {
  const { zone, operations, faults } = options;
  const documented = loadDocument({
    zone: zone.name,
    closedAnswers: options.validateResponses,
    closedRequests: options.refuseUnknownFields,
  });
  const handlerOf = (route: Route) => async (context: Context, call: Call) => {
    const { params, query, requestBody: body, method } = context.request as ValidatedRequest;
    call.route = { name: route.id, path: params, query, body: { ...body } };
    const fault = faults.take(route.id, method !== "get");
    failBefore(fault);
    const request = { params, query, body };
    let content: object;
    if ("answer" in route) content = route.answer(zone, request);
    else {
      content = operations.begin(route, route.prepare(zone, request), call.event(200), operationFault(fault));
      call.recorded = true;
    }
    if (options.validateResponses) checkResponse(context, content);
    await failAfter(fault);
    return content;
  };
  const backend = new OpenAPIBackend({
    definition: documented.document,
    quick: true, // derive.ts's output needs no validation of its own at each start
    // Its schemas are known to be good; checking them again for each route would take most of the start.
    ajvOpts: { allErrors: true, strict: false, validateSchema: false, meta: false },
    customizeAjv: (ajv) => addFormats.default(ajv),
    handlers: {
      ...Object.fromEntries(zone.families.flatMap(({ routes }) => routes.map((route) => [route.id, handlerOf(route)]))),
      validationFail: (context: Context) => {
        throw badRequest("Invalid request", (context.validation.errors ?? []).map(describe));
      },
      notImplemented: (context: Context) => {
        throw notImplemented(`The local zone has no ${context.operation.operationId}`);
      },
      notFound: async (context: Context) => {
        const { method, path } = context.request;
        const other = documented.otherRoute(method.toUpperCase(), path);
        if (other === undefined) throw notFound(`No route ${method.toUpperCase()} ${path}`);
        const absence = absenceOf(other);
        if (absence === undefined) throw notImplemented(`The local zone has no ${other.name}`);
        const fault = faults.take(other.name, false);
        failBefore(fault);
        if (absence === "not-found") throw absent(other, path);
        await failAfter(fault);
        return { [other.items!]: [] };
      },
    },
  });
  await backend.init();
  return backend;
}

function failBefore(fault: Fault | undefined): void {
  if (fault?.kind === "rate-limit") throw tooMany(fault.seconds ?? 1);
  if (fault?.kind === "server-error") throw new ApiError(500, "Internal error, as asked for");
  if (fault?.kind === "unavailable") throw new ApiError(503, "Service unavailable, as asked for");
  if (fault?.kind === "drop-before") throw new Dropped();
}

async function failAfter(fault: Fault | undefined): Promise<void> {
  if (fault?.kind === "drop-after") throw new Dropped();
  if (fault?.kind === "slow") await sleep((fault.seconds ?? 5) * 1000);
}

function operationFault(fault: Fault | undefined): OperationFault | undefined {
  const kind = fault?.kind;
  return kind === "operation-fails" || kind === "operation-hangs" || kind === "never-boots" ? kind : undefined;
}

function checkResponse(context: Context, content: object): void {
  const answer = JSON.parse(JSON.stringify(content)) as object;
  const { errors } = context.api.validateResponse(answer, context.operation, 200);
  if (errors)
    throw new Error(
      `answer of ${context.operation.operationId} does not fit the document: ${errors.map(describe).join("; ")}`,
    );
}

interface ValidationError {
  readonly instancePath?: string;
  readonly message?: string;
  readonly params?: { readonly allowedValues?: readonly string[]; readonly additionalProperty?: string };
}

/** e.g. `disk-size must be >= 10`. */
function describe({ instancePath, message = "is invalid", params }: ValidationError): string {
  const field = (instancePath ?? "").replace(/^\/(requestBody|path|query)\/?/, "").replaceAll("/", ".") || "request";
  const detail = params?.allowedValues?.join(", ") ?? params?.additionalProperty;
  return `${field} ${message}${detail === undefined ? "" : `: ${detail}`}`;
}
