/** Renders a set or map; nft does not accept an empty list of elements. */
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
