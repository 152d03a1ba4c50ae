/** Records of what the API does. Records of resources are declared by their families, see `families/`. */

/** Values of the document's schema `operation`. */
export type OperationState = "pending" | "success" | "failure";
export type OperationReason = "fault" | "conflict" | "busy" | "not-found" | "incorrect" | "interrupted";

/** A resource by its id and the first segment of its route, e.g. `security-group`. */
export interface Reference {
  readonly type: string;
  readonly id: string;
}

export interface OperationRecord {
  readonly id: string;
  /** The route's operation id, e.g. `create-instance`; its task is looked up by this after a restart. */
  readonly command: string;
  /** What the operation is about. Absent for SSH keys, which have no id. */
  readonly reference?: Reference;
  /** What the task needs beyond the reference. */
  readonly args: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly state: OperationState;
  readonly reason?: OperationReason;
  readonly message?: string;
  /** Stays pending forever (fault `operation-hangs`). */
  readonly stuck?: boolean;
  /** Fails without doing anything (fault `operation-fails`). */
  readonly doomed?: boolean;
  /** Succeeds, but the guest it starts never boots (fault `never-boots`). */
  readonly bootless?: boolean;
}

/** A requested mutation, with the field names of `GET /event`. */
export interface EventRecord {
  /** The event's `request-id`. */
  readonly id: string;
  readonly timestamp: string;
  /** The route's operation id. */
  readonly handler: string;
  readonly message: string;
  readonly uri: string;
  /** HTTP status. */
  readonly status: number;
  readonly "elapsed-ms": number;
  readonly "source-ip": string;
  readonly "path-params": Readonly<Record<string, unknown>>;
  readonly "get-params": Readonly<Record<string, unknown>>;
  /** Without user-data, which holds private keys. */
  readonly "body-params": Readonly<Record<string, unknown>>;
}

/** Every kind of record, by the name of its table. Each family adds its own by declaration merging. */
export interface Records {
  operations: OperationRecord;
  events: EventRecord;
}

export type TableName = keyof Records;
