/** What can go wrong between this program and the API, as errors whose message stands for itself. */

/** The API refused a call, or did not answer it. */
export class ApiError extends Error {
  /** `PUT /instance/ID:start`. */
  readonly call: string;
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** The API's own words, or the network's. */
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

/** An operation that the API accepted failed, or did not end within its limit. */
export class OperationError extends Error {
  /** True when it still ran when we stopped waiting. */
  readonly hanging: boolean;

  constructor(message: string, hanging: boolean) {
    super(withoutBlobs(message));
    this.name = "OperationError";
    this.hanging = hanging;
  }
}

/** Something exists now (`id`) but is not as it was asked for: the engine must remember it to mend or delete it. */
export class Incomplete extends Error {
  readonly id: string;
  /** What to store; by default the inputs. */
  readonly outs: object | undefined;

  constructor(id: string, message: string, outs?: object) {
    super(message);
    this.name = "Incomplete";
    this.id = id;
    this.outs = outs;
  }
}

/** What a person has to settle: names what, and the remedy. */
export class Refused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Refused";
  }
}

/** The thing is not there (any more). */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** The call may have done its work although no good answer came. */
export function mayHaveHappened(error: unknown): boolean {
  return error instanceof ApiError && (error.status === undefined || error.status >= 500);
}

/** Refused for now, because something else still uses the thing or works on it. */
export function isBusy(error: unknown): boolean {
  if (error instanceof OperationError) return !error.hanging && /\b(busy|conflict)\b/i.test(error.message);
  if (!(error instanceof ApiError) || error.status === undefined || error.status >= 500) return false;
  return error.status === 409 || /in use|can't be deleted|cannot be deleted|busy|attached|pending/i.test(error.reason);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A validating API may quote what it was sent, and user-data holds a node's keys. */
function withoutBlobs(text: string): string {
  const short = text.replace(/[A-Za-z0-9+/=_-]{100,}/g, "[...]");
  return short.length > 1000 ? `${short.slice(0, 1000)} [...]` : short;
}
