import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import send from "send";
import type { Certificate } from "./certificates.ts";

export interface MirrorOptions {
  readonly address: string;
  readonly port: number;
  readonly certificate: Certificate;
  /** Directory served at `/`: `<upstream host>/<upstream path>`. */
  readonly files?: string;
  /** Directory served at `/template/`. */
  readonly template?: string;
}

const TEMPLATE = "/template/";

/** Starts the file mirror: upstream's files under upstream's names, byte for byte. Resolves with a function that closes it. The port must be free. */
export async function startMirror({
  address,
  port,
  certificate,
  files,
  template,
}: MirrorOptions): Promise<() => Promise<void>> {
  const [cert, key] = await Promise.all([readFile(certificate.certificate), readFile(certificate.key)]);
  const server = createServer({ cert, key }, (request, response) => {
    const path = (request.url ?? "/").replace(/[?#].*$/s, "");
    const isTemplate = path.startsWith(TEMPLATE);
    const root = isTemplate ? template : files;
    if (root === undefined || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(root === undefined ? 404 : 405).end();
      return;
    }
    // No listings, no redirects, no files that begin with a dot.
    send(request, isTemplate ? path.slice(TEMPLATE.length - 1) : path, { root, dotfiles: "ignore", index: false })
      .on("directory", () => response.writeHead(404).end())
      .on("error", (error: { status?: number }) => response.writeHead(error.status ?? 500).end())
      .pipe(response);
  });
  server.listen(port, address);
  await once(server, "listening");
  return async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
}
