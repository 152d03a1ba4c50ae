/**
 * A refusal, answered as `{"message", "errors"?}` with its HTTP status. Messages are Exoscale's where they are known.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly errors: readonly string[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    { errors = [], headers = {} }: { errors?: readonly string[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.errors = errors;
    this.headers = headers;
  }
}

export const badRequest = (message: string, errors?: readonly string[]): ApiError =>
  new ApiError(400, message, { errors });
export const forbidden = (message: string): ApiError => new ApiError(403, message);
export const notFound = (message: string): ApiError => new ApiError(404, message);
export const conflict = (message: string): ApiError => new ApiError(409, message);
/** @param seconds Of `Retry-After`. */
export const tooMany = (seconds: number): ApiError =>
  new ApiError(429, "Too many requests", { headers: { "retry-after": String(seconds) } });
export const notImplemented = (message: string): ApiError => new ApiError(501, message);
