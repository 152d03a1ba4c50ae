import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from "node:fs";

/** Bytes that a file may have: a manifest of a hundred thousand files. */
const limit = 16 * 1024 * 1024;

/**
 * The text of a regular file.
 * @throws Error with a sentence without subject: "is a directory"
 */
export function readRegularFile(path: string): string {
  try {
    // Before it is opened: that alone blocks on a pipe, and does something to some devices.
    assertRegular(statSync(path));
    // Files of /proc can block, too.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      assertRegular(fstatSync(descriptor));
      return read(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code === undefined ? message : (reasons[code] ?? `cannot be read (${code})`), { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "does not exist: what is said to be its directory is a file",
  EACCES: "may not be read by this user",
  ELOOP: "is a link that leads to itself",
  ENAMETOOLONG: "is too long for a path",
  ERR_INVALID_ARG_VALUE: "is no path",
};

function assertRegular(stats: Stats): void {
  const kind = kinds.find(([is]) => is(stats))?.[1];
  if (kind) throw new Error(`is ${kind}, and no file`);
  if (stats.size > limit) throw tooLarge();
}

const kinds: readonly [(stats: Stats) => boolean, string][] = [
  [(stats) => stats.isDirectory(), "a directory"],
  [(stats) => stats.isFIFO(), "a named pipe"],
  [(stats) => stats.isSocket(), "a socket"],
  [(stats) => !stats.isFile(), "a device"],
];

const tooLarge = () => new Error(`has more than ${limit / 1024 / 1024} MiB`);

/** All bytes, or what the limit allows: files of /proc have no size. */
function read(descriptor: number): string {
  const chunks: Buffer[] = [];
  for (let total = 0; ;) {
    const chunk = Buffer.alloc(64 * 1024);
    const length = readSync(descriptor, chunk);
    if (length === 0) break;
    total += length;
    if (total > limit) throw tooLarge();
    chunks.push(chunk.subarray(0, length));
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
