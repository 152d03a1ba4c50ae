import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { Api } from "../api.ts";

/** A call as it arrived. */
export interface Call {
  readonly method: string;
  /** Without `/v2`. */
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingMessage["headers"];
  /** Milliseconds. */
  readonly at: number;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** Answers a call; `lost` breaks the connection instead, after whatever the handler has done. */
export type Handler = (call: Call) => Answer | "lost" | Promise<Answer | "lost">;

/** An HTTP server that answers as a test says, and remembers what it was asked. */
export interface Server extends AsyncDisposable {
  readonly api: Api;
  readonly calls: Call[];
}

/** Starts one on a free port, and gives this process credentials to call it with. */
export async function serve(handler: Handler): Promise<Server> {
  process.env.EXOSCALE_API_KEY = "EXOtest";
  process.env.EXOSCALE_API_SECRET = "a-secret-of-the-test";
  const calls: Call[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const call: Call = {
      method: request.method!,
      path: request.url!.replace(/^\/v2/, ""),
      body: text ? (JSON.parse(text) as Call["body"]) : {},
      headers: request.headers,
      at: performance.now(),
    };
    calls.push(call);
    const answer = await handler(call);
    if (answer === "lost") return void request.socket.destroy();
    response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? {}));
  };
  const server = createServer((request, response) => void listener(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    api: { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`, zone: "test-1" },
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** An answer to each call in turn, the last one for ever. */
export function inTurn(...answers: (Answer | "lost")[]): Handler {
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)]!;
}
