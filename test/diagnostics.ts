/** What Pulumi says at the end of a run went wrong: the lines below `Diagnostics:`, before the program's outputs; empty without. */
export function diagnosticsOf(output: string): string {
  return /^Diagnostics:\n([^]*?)^(?:Outputs|Resources):$/m.exec(output)?.[1] ?? "";
}
