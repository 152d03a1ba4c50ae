import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

import type { Faults } from "./faults.ts";
import { isLocal } from "./local.ts";

const PATH = "/zone/faults";

/**
 * Faults over HTTP, beside the API, for tests in any language: `GET`, `POST` and `DELETE /zone/faults`, and
 * `DELETE /zone/faults/ID`. Only programs on this machine may ask. The function returns whether it answered the request.
 */
export function createControl(faults: Faults): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const path = (request.url ?? "/").replace(/\?.*$/s, "");
    if (path !== PATH && !path.startsWith(`${PATH}/`)) return false;
    void answer(request, path, faults).then(
      ([status, content]) => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
      },
      () => response.destroy(),
    );
    return true;
  };
}

async function answer(
  request: IncomingMessage,
  path: string,
  faults: Faults,
): Promise<[status: number, content: unknown]> {
  if (!isLocal(request)) return [403, { message: "Faults are for programs on the zone's own machine" }];
  const id = path.slice(PATH.length + 1);
  switch (`${request.method} ${id === "" ? "all" : "one"}`) {
    case "GET all":
      return [200, faults.list()];
    case "POST all":
      try {
        return [200, { id: faults.add(JSON.parse(await text(request))) }];
      } catch (error) {
        return [400, { message: (error as Error).message }];
      }
    case "DELETE all":
      faults.clear();
      return [200, []];
    case "DELETE one":
      return faults.remove(id) ? [200, faults.list()] : [404, { message: `There is no fault ${id}` }];
    default:
      return [405, { message: `Faults know GET, POST and DELETE, not ${request.method}` }];
  }
}
