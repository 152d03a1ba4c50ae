/** A route as one object: what it answers, or what it writes and then does. */
import type { OperationRecord, Reference } from "../records.ts";
import type { Change } from "../state.ts";
import type { Delay, Traits } from "../traits.ts";
import type { ApiAnswer, ApiRequest, OperationId } from "./schema.ts";
import type { Zone } from "./zone.ts";

/** A route that is answered immediately. */
export interface Query {
  readonly id: OperationId;
  readonly answer: (zone: Zone, request: UntypedRequest) => object;
}

/** A route that answers an operation, whose task then runs in the background. */
export interface Mutation extends MutationTraits {
  readonly id: OperationId;
  readonly prepare: (zone: Zone, request: UntypedRequest) => PreparedChange;
}

export type Route = Query | Mutation;

/** What a mutation writes together with its operation, before the answer. */
export interface PreparedChange {
  /** What the operation is about; absent for SSH keys, which have no id. */
  readonly reference?: Reference;
  readonly change: (change: Change) => void;
  /** What the task needs beyond the reference; kept with the operation. */
  readonly args?: Readonly<Record<string, unknown>>;
}

/**
 * What an operation does after its answer. It must be safe to repeat from the beginning: after a crash it runs again.
 * Rejects with the reason of a failure.
 */
export type Task = (zone: Zone, operation: OperationRecord) => Promise<void>;

interface MutationTraits {
  /** Default: nothing is left to do, and the operation succeeds immediately. */
  readonly task?: Task;
  /** The operation stays pending for this time at least. Default: for as long as every other. */
  readonly delay?: (traits: Traits) => Delay;
  /** The task boots a guest, so the fault `never-boots` applies. */
  readonly bootsGuest?: boolean;
  /** The task does not wait for earlier ones of the same resource: the machines interrupt those. */
  readonly overtakes?: boolean;
}

interface UntypedRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** `answer` runs without a pause, so no two requests interleave. */
export const query = <Id extends OperationId>(
  id: Id,
  answer: (zone: Zone, request: ApiRequest<Id>) => ApiAnswer<Id>,
): Query => ({ id, answer: (zone, request) => answer(zone, validated(request)) });

/**
 * A mutation of the document's operation `id`. `prepare` checks the request and says what to write; it runs without a
 * pause, so no two requests interleave.
 */
export const mutation = <Id extends OperationId>(
  id: Id,
  prepare: (zone: Zone, request: ApiRequest<Id>) => PreparedChange,
  traits: MutationTraits = {},
): Mutation => ({ id, prepare: (zone, request) => prepare(zone, validated(request)), ...traits });

/** The backend has checked the request against the route's schema, from which the type is generated. */
const validated = <Id extends OperationId>(request: UntypedRequest): ApiRequest<Id> => request as ApiRequest<Id>;

/** The task of a mutation that changes nothing but the inventory. */
export const applyNetwork: Task = (zone) => zone.network.apply();
