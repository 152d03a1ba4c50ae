/** Errors of the API and of calling it. Their messages are for users. */

/** The API refused a call, or did not answer it. */
export class ApiError extends Error {
  /** `PUT /instance/ID:start`. */
  readonly call: string;
  /** HTTP status; undefined if no answer came. */
  readonly status: number | undefined;
  /** The API's message, or the network's. */
  readonly reason: string;

  constructor(call: string, status: number | undefined, reason: string) {
    const clean = withoutBlobs(reason);
    super(status === undefined ? `${call}: no answer: ${clean}` : `${call}: ${status}: ${clean}`);
    this.name = "ApiError";
    this.call = call;
    this.status = status;
    this.reason = clean;
  }
}

/** An operation failed, or did not end within its limit. */
export class OperationError extends Error {
  /** True if it was still pending at the end of the limit. */
  readonly hanging: boolean;
  /** The API's code for why it failed, e.g. `busy` (schema `operation`). */
  readonly reason: string | undefined;

  constructor(message: string, { hanging, reason }: { hanging: boolean; reason?: string }) {
    super(withoutBlobs(message));
    this.name = "OperationError";
    this.hanging = hanging;
    this.reason = reason;
  }
}

/** The resource `id` exists but is not as wanted: the engine has to keep it in the state, to repair or delete it. */
export class Incomplete extends Error {
  readonly id: string;
  /** Outputs to store. @default the inputs */
  readonly outs: object | undefined;

  constructor(id: string, message: string, outs?: object) {
    super(message);
    this.name = "Incomplete";
    this.id = id;
    this.outs = outs;
  }
}

/** Only the user can resolve this: the message says what is wrong and what to do. */
export class Refused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Refused";
  }
}

/** True if the resource does not exist, or no longer. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** True if the call may have succeeded although no good answer came. */
export function mayHaveHappened(error: unknown): boolean {
  return error instanceof ApiError && (error.status === undefined || error.status >= 500);
}

/**
 * True if the call was refused because the resource is in use or being changed: status 409, or the operation's code. Texts only
 * add to that, where the API refuses with another status and says so.
 */
export function isBusy(error: unknown): boolean {
  if (error instanceof OperationError) return error.reason === "busy" || error.reason === "conflict";
  if (!(error instanceof ApiError) || error.status === undefined || error.status >= 500) return false;
  return error.status === 409 || /in use|can't be deleted|cannot be deleted|busy|attached|pending/i.test(error.reason);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An API that validates may quote the request, and user-data contains private keys. */
function withoutBlobs(text: string): string {
  const short = text.replace(/[A-Za-z0-9+/=_-]{100,}/g, "[...]");
  return short.length > 1000 ? `${short.slice(0, 1000)} [...]` : short;
}
