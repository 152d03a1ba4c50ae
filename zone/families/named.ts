/** What `bin/zone status --json` says of a resource that has nothing else to say. */
export interface NamedStatus {
  readonly id: string;
  readonly name: string;
}

export const namesOf = (records: readonly NamedStatus[]): NamedStatus[] =>
  records.map(({ id, name }) => ({ id, name }));
