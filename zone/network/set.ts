/** A set or, with `kind`, a map; nft takes no empty list of elements. */
export const set = (
  name: string,
  type: string,
  elements: readonly string[],
  { kind = "set", flags }: { kind?: "set" | "map"; flags?: string } = {},
): string[] => [
  `${kind} ${name} {`,
  `  type ${type}`,
  ...(flags === undefined ? [] : [`  flags ${flags}`, "  auto-merge"]),
  ...(elements.length === 0 ? [] : ["  elements = {", ...elements.map((element) => `    ${element},`), "  }"]),
  "}",
];
