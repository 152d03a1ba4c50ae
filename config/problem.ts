/** Something wrong with the configuration. */
export interface Problem extends Advice {
  /** The setting, then the field or the item of it. */
  readonly at: readonly PropertyKey[];
  /** What is wrong with it. */
  readonly what: string;
}

/** What mends a problem. Without any of these the setting's example does. */
export interface Advice {
  /** A valid value that is probably meant. */
  readonly instead?: string;
  /** The value is to be removed. */
  readonly remove?: true;
  /** No value mends it. */
  readonly unknown?: true;
}
