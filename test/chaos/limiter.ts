import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";

/** The zone's API behind a rate limit. */
export interface Limiter extends AsyncDisposable {
  /** The API's base URL through the limiter. */
  readonly url: string;
  readonly counts: { passed: number; refused: number; tooEarly: number };
}

/** Milliseconds after a refusal in which calls already on their way do not count as too early. */
const grace = 100;

/** Forwards `perSecond` calls per second to the API at `url`; answers the others with 429 and `Retry-After`. */
export async function limit(url: string, perSecond: number): Promise<Limiter> {
  const target = new URL(url);
  const counts = { passed: 0, refused: 0, tooEarly: 0 };
  let second = 0,
    taken = 0,
    refusedAt = -Infinity;
  const server = createServer((request, response) => {
    const now = performance.now();
    if (Math.floor(now / 1000) !== second) [second, taken] = [Math.floor(now / 1000), 0];
    if (now > refusedAt + grace && now < refusedAt + 1000) counts.tooEarly++;
    if (++taken > perSecond) {
      counts.refused++;
      refusedAt = now;
      request.resume();
      response
        .writeHead(429, { "content-type": "application/json", "retry-after": "1" })
        .end('{"message":"Too many requests"}');
      return;
    }
    counts.passed++;
    const { method, url: path, headers } = request;
    const onward = httpRequest({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${target.pathname}`,
    counts,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
