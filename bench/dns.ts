/** One DNS query over TCP (RFC 1035) as bytes, so that any connection can carry it. */

/** A query for a name's IPv4 addresses, after its length in two bytes. */
export function query(name: string): Buffer {
  const labels = name.split(".").flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  // Id 1, recursion desired, one question; type A, class IN.
  const message = Buffer.concat([
    Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...labels,
    Buffer.from([0, 0, 1, 0, 1]),
  ]);
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
}

/** Whether this is a response to `query` without an error and with a record. */
export function isAnswered(answer: Buffer): boolean {
  if (answer.length < 14) return false;
  const [id, flags, records] = [answer.readUInt16BE(2), answer.readUInt16BE(4), answer.readUInt16BE(8)];
  return id === 1 && (flags & 0x8000) !== 0 && (flags & 0x000f) === 0 && records > 0;
}
