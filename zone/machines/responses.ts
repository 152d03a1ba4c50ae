/** Error responses of the engine that do not count as failures. */

/** Swallows "no such container (image, volume)". */
export const ignoreMissing = (error: unknown): void => ignore(error, 404);
/** Swallows "not modified": it is in that state already. */
export const ignoreUnchanged = (error: unknown): void => ignore(error, 304);
/** Swallows "conflict": the name is taken, or the container does not run. */
export const ignoreConflict = (error: unknown): void => ignore(error, 409);

function ignore(error: unknown, status: number): void {
  if ((error as { statusCode?: number }).statusCode !== status) throw error;
}
