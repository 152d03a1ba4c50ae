import { startApi, type TestApi, type TestApiOptions } from "../../testing/zone.ts";
import { createWeb } from "../index.ts";
import type { Json } from "../../testing/client.ts";

export interface TestWeb extends TestApi {
  /** The page's own address, e.g. `http://127.0.0.1:34567`. */
  readonly origin: string;
}

/** The zone's API and its page in this process: for tests. */
export async function startWeb(options: TestApiOptions = {}): Promise<TestWeb> {
  const api = await startApi({ ...options, otherwise: (request, response) => web(request, response) });
  const web = createWeb(api.zone);
  return { ...api, origin: new URL(api.url).origin };
}

export interface Event {
  readonly name: string;
  readonly data: Json;
}

/** Server-sent events as they come; leaving the loop ends the request. */
export async function* eventsAt(url: string): AsyncGenerator<Event> {
  const left = new AbortController();
  try {
    const response = await fetch(url, { signal: left.signal });
    if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const { name, data } = /^event: (?<name>.*)\ndata: (?<data>.*)$/.exec(block)?.groups ?? {};
        if (name !== undefined) yield { name, data: JSON.parse(data!) };
      }
    }
  } finally {
    left.abort();
  }
}
