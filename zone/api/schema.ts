/** Types of requests and answers, from Exoscale's OpenAPI document. */
import type { components, operations } from "./exoscale.d.ts";

/** A route's name in the document, e.g. `create-instance`. */
export type OperationId = keyof operations;

export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

type IfNever<T, Then, Else> = [T] extends [never] ? Then : Else;
type Json<T> = T extends { readonly content: { readonly "application/json": infer Body } } ? Body : never;
type Given<T> = NonNullable<T>;

type PathParameters<Id extends OperationId> = Given<operations[Id]["parameters"]["path"]>;
type QueryParameters<Id extends OperationId> = Given<operations[Id]["parameters"]["query"]>;
/** Never undefined: where the document leaves the body optional, the server adds an empty object. */
export type RequestBody<Id extends OperationId> = Json<Given<operations[Id]["requestBody"]>>;

/** A request that has passed the document's validation. */
export interface ApiRequest<Id extends OperationId> {
  readonly params: IfNever<PathParameters<Id>, unknown, PathParameters<Id>>;
  readonly query: IfNever<QueryParameters<Id>, unknown, QueryParameters<Id>>;
  readonly body: IfNever<RequestBody<Id>, unknown, RequestBody<Id>>;
}

/** The body of a route's answer with status 200. */
export type ApiAnswer<Id extends OperationId> = Json<operations[Id]["responses"][200]>;
