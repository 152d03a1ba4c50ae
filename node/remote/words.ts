/**
 * What a node says is data: somebody may have broken into it. The same goes for names and messages that tenants choose. This is
 * how such text gets into a message for a person, and into a command that the person may type.
 */

/** Characters that a terminal acts on, and those that are invisible or change the order of others. */
const hidden = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

const escaped = (character: string): string => {
  const code = character.codePointAt(0)!.toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u{${code}}`;
};

/** Text for a terminal: hidden characters as `\x1b` or `\u{202e}`. Line breaks stay. */
export const visible = (text: string): string =>
  text
    .replace(/\r?\n|\t/g, (each) => (each === "\t" ? "  " : "\n"))
    .replace(hidden, (c) => (c === "\n" ? c : escaped(c)));

/** The same on one line: line breaks are escaped, too. */
export const oneLine = (text: string): string => text.replace(hidden, escaped);

/** Whether `oneLine` had to escape something, so that the text is not what it was. */
export const isEscaped = (text: string): boolean => /\\x[0-9a-f]{2}|\\u\{[0-9a-f]+\}/.test(text);

/** One word of a command for a POSIX shell, quoted if the shell would interpret it. */
export const shellWord = (text: string): string =>
  /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** A command for this machine's shell that runs `command` in the shell of a node. */
export function onNode(node: string, command: string): string {
  // Within double quotes a shell interprets nothing else. (Interactive bash also has !.)
  const quoted = /[$`"\\!]/.test(command)
    ? shellWord(command)
    : /[^\w ./:=@-]/.test(command)
      ? `"${command}"`
      : command;
  return `bin/ssh ${shellWord(node)} ${quoted}`;
}
