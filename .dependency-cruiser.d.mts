/** The rooms of docs/architecture.md: what each may import besides itself. */
export function rooms(page: string): Map<string, string[] | "all">;
