/** Makes expired copies of leaf certificates. */
import { sign, X509Certificate } from "node:crypto";

const day = 86_400_000;

/** The same leaf, valid from a year ago until yesterday. @param pem The leaf. @param key Its authority's key, PEM. */
export function expired(pem: string, key: string): string {
  const [tbs, algorithm] = children(new X509Certificate(pem).raw);
  const validity = children(tbs!).find((each) => each[0] === 0x30 && children(each).every(([tag]) => tag === 0x17))!;
  const times = [Date.now() - 366 * day, Date.now() - day].map((time) => {
    const text = new Date(time).toISOString().replace(/\D/g, "").slice(2, 14);
    return element(0x17, Buffer.from(`${text}Z`));
  });
  // The new validity has the same length, so the rest stays in place.
  const past = Buffer.from(tbs!);
  element(0x30, Buffer.concat(times)).copy(past, past.indexOf(validity));
  const signature = Buffer.concat([Buffer.from([0]), sign("sha256", past, key)]);
  const der = element(0x30, Buffer.concat([past, algorithm!, element(0x03, signature)]));
  return `-----BEGIN CERTIFICATE-----\n${der
    .toString("base64")
    .match(/.{1,64}/g)!
    .join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** The elements within a constructed DER element, each with its header. */
function children(der: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let rest = der.subarray(headerOf(der)); rest.length > 0;) {
    const first = rest.subarray(0, headerOf(rest) + lengthOf(rest));
    found.push(first);
    rest = rest.subarray(first.length);
  }
  return found;
}

function headerOf(der: Buffer): number {
  return der[1]! < 0x80 ? 2 : 2 + (der[1]! & 0x7f);
}

function lengthOf(der: Buffer): number {
  return der[1]! < 0x80 ? der[1]! : der.readUIntBE(2, der[1]! & 0x7f);
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const long = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...long]), content]);
}
