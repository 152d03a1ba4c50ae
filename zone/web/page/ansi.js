/** Reads a terminal's escape sequences: keeps colours and bold, drops all others. */

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
/** Escape sequences (CSI, strings, others), line ends, other control characters. */
const SPECIAL =
  /\x1b\[(?<codes>[0-9;:?]*)[ -/]*(?<end>[@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]+[0-~]|\x1b[0-Z=>\\a-~]|(?<line>\r*\n|\r+)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;
/** An escape sequence or line end that is still incomplete at the end of a piece. */
const UNFINISHED = /(?:\r+|\x1b(?:\[[0-9;:?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]+)?)$/;
/** Maximum length of an escape sequence in characters; longer ones are dropped. */
const LONGEST = 256;

/** Reads a text that comes in pieces. */
export class Ansi {
  #rest = "";
  #colour = "";
  #isBold = false;

  /** The next piece as runs `{ text, look }`; `look` holds names of CSS classes. */
  read(piece) {
    const text = this.#rest + piece;
    const unfinished = UNFINISHED.exec(text)?.[0] ?? "";
    this.#rest = unfinished.length > LONGEST ? "" : unfinished;
    const whole = text.slice(0, text.length - unfinished.length);
    const runs = [];
    const add = (part) => {
      if (part === "") return;
      const look = this.#look();
      if (runs.at(-1)?.look === look) runs.at(-1).text += part;
      else runs.push({ text: part, look });
    };
    let from = 0;
    for (const match of whole.matchAll(SPECIAL)) {
      add(whole.slice(from, match.index));
      from = match.index + match[0].length;
      const { codes, end, line } = match.groups;
      if (line !== undefined) add("\n");
      else if (end === "m") this.#set(codes);
    }
    add(whole.slice(from));
    return runs;
  }

  #look() {
    return [this.#colour, this.#isBold ? "bold" : ""].filter(Boolean).join(" ");
  }

  #set(codes) {
    const numbers = codes.split(/[;:]/).map(Number);
    for (let index = 0; index < numbers.length; index++) {
      const number = numbers[index];
      if (number === 0) [this.#colour, this.#isBold] = ["", false];
      else if (number === 1) this.#isBold = true;
      else if (number === 22) this.#isBold = false;
      else if (number === 39) this.#colour = "";
      else if (number >= 30 && number <= 37) this.#colour = NAMES[number - 30];
      else if (number >= 90 && number <= 97) this.#colour = NAMES[number - 90];
      // Skips the numbers of an indexed (5;N) or RGB (2;R;G;B) colour.
      else if (number === 38 || number === 48) index += numbers[index + 1] === 5 ? 2 : 4;
    }
  }
}
