/** Prints numbered steps with their durations, for a terminal or a log. */

const terminal = process.stdout.isTTY === true;
/** Seconds between updates of a step: a terminal's line is rewritten, a log gets another line. */
const tick = terminal ? 1 : 15;

/** `75` -> `1:15`. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Bytes in decimal units, as disks are sold: `62 MB`, `1.4 GB`. */
export function size(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}

/** Numbers the steps of one run and times them. */
export class Progress {
  readonly #started = Date.now();
  readonly #total: number;
  readonly #write: (text: string) => void;
  #done = 0;

  /**
   * @param total number of steps, known from the start
   * @param write where lines go; default standard output
   */
  constructor(total: number, write: (text: string) => void = (text) => void process.stdout.write(text)) {
    this.#total = total;
    this.#write = write;
  }

  /** Prints a line that is not a step. */
  note(text: string): void {
    this.#write(`${text}\n`);
  }

  /**
   * Runs `work` as the next step and prints updates meanwhile.
   *
   * @param options `quiet`: no updates, because the work prints lines itself; `summary`: added to the last line
   * @returns what `work` returns
   */
  async step<T>(
    title: string,
    work: () => Promise<T>,
    options: { quiet?: boolean; summary?: (result: T) => string } = {},
  ): Promise<T> {
    const place = `[${String(++this.#done).padStart(String(this.#total).length)}/${this.#total}]`;
    const begun = Date.now();
    const seconds = (since: number) => (Date.now() - since) / 1000;
    const line = (text: string) => `${clock(seconds(this.#started)).padStart(5)} ${place} ${title}: ${text}`;
    this.#write(`${line("…")}\n`);
    const timer = options.quiet
      ? undefined
      : setInterval(() => {
          const text = line(`running for ${clock(seconds(begun))}`);
          this.#write(terminal ? `\r\x1b[K${text}` : `${text}\n`);
        }, tick * 1000);
    try {
      const result = await work();
      const summary = options.summary?.(result);
      if (terminal && !options.quiet) this.#write("\r\x1b[K");
      this.#write(`${line(`done in ${clock(seconds(begun))}${summary ? `, ${summary}` : ""}`)}\n`);
      return result;
    } catch (error) {
      if (terminal && !options.quiet) this.#write("\r\x1b[K");
      this.#write(`${line(`stopped after ${clock(seconds(begun))}`)}\n`);
      throw error;
    } finally {
      clearInterval(timer);
    }
  }
}
