import type { Zone } from "./zone.ts";

/** By HTTP status: of a refusal, nothing but this is known in a zone of other texts. */
const OTHERS: Readonly<Record<number, string>> = {
  400: "Bad input",
  403: "Denied",
  404: "No such thing",
  409: "Not at this time",
  413: "Too long",
  429: "Slower, please",
  501: "Missing here",
  503: "Try later",
};

/** The body of an error as the zone words it: its own text, or another of the same status. */
export const inWordsOf = ({ settings }: Zone, status: number, content: unknown): unknown =>
  settings.errorTexts === "other" ? { message: OTHERS[status] ?? "Failed" } : content;

/** The message of an operation that failed, likewise. */
export const failureInWordsOf = ({ settings }: Zone, message: string | undefined): string | undefined =>
  settings.errorTexts === "other" && message !== undefined ? "It did not work out" : message;
