import type { Command } from "commander";

/**
 * A script for bash that completes subcommands, their options and the choices of both. It is registered by the program's
 * name, so it works for every path to it.
 */
export function completion(program: Command): string {
  const name = program.name();
  const branch = (pattern: string, words: readonly string[]): string => `\t${pattern}) words='${words.join(" ")}' ;;`;
  return [
    `_${name}() {`,
    "\tlocal words",
    "\tcase $COMP_CWORD,$3,${COMP_WORDS[1]} in",
    branch(
      "1,*",
      program.commands.map((command) => command.name()),
    ),
    ...program.commands.flatMap((command) => [
      ...command.options.flatMap(({ long, argChoices }) =>
        argChoices ? [branch(`*,${long},${command.name()}`, argChoices)] : [],
      ),
      branch(`*,*,${command.name()}`, [
        ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
        ...command.options.map(({ long }) => long!),
      ]),
    ]),
    "\tesac",
    '\tCOMPREPLY=($(compgen -W "$words" -- "$2"))',
    "}",
    // Other words are files or names.
    `complete -o default -F _${name} ${name}`,
    "",
  ].join("\n");
}
