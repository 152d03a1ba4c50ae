import { startApi, type TestApi, type TestApiOptions } from "../../testing/zone.ts";
import { createWeb, type WebOptions } from "../index.ts";

export interface TestWeb extends TestApi {
  /** The page's own address, e.g. `http://127.0.0.1:34567`. */
  readonly origin: string;
}

/** The zone's API and its page in this process: for tests. */
export async function startWeb(options: TestApiOptions & Omit<WebOptions, "zone"> = {}): Promise<TestWeb> {
  const { healthy, ...more } = options;
  const api = await startApi({ ...more, otherwise: (request, response) => web(request, response) });
  const web = createWeb({ zone: api.zone, healthy });
  return { ...api, origin: new URL(api.url).origin };
}

export interface Event {
  readonly name: string;
  readonly data: any;
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
