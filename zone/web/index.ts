import { readdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import ipaddr from "ipaddr.js";
import send from "send";

import { isLocal } from "../api/local.ts";
import type { Otherwise } from "../api/server.ts";
import type { Zone } from "../api/zone.ts";
import { followConsole } from "./console.ts";
import { snapshotOf } from "./snapshot.ts";
import { stream, type Step } from "./stream.ts";

const ROOT = join(import.meta.dirname, "page");
const CONSOLE = "/live/console/";
/** Milliseconds between two comparisons of the zone with what was sent, while a page is open. */
const INTERVAL = 250;
/** The same for a console, whose reads call Docker's API. */
const CONSOLE_INTERVAL = 1000;

/** The page may load only its own files. */
const HEADERS = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/**
 * The zone's web page, live and read-only. Requests are not signed, so it answers only this machine's users. Answers
 * `/`, the page's files, `/live` and `/live/console/ID`, and returns false for other paths.
 */
export function createWeb(zone: Zone): Otherwise {
  const files = new Set(readdirSync(ROOT).map((name) => `/${name}`));

  return (request, response) => {
    const path = (request.url ?? "/").replace(/\?.*$/s, "");
    const answer = answerOf(path);
    if (answer === undefined) return false;
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (!isLocal(request) || !isAddressedHere(request)) {
      refuse(
        response,
        403,
        `This page is for the zone's own machine: open ${new URL("/", zone.url).href} there, or through a tunnel to its localhost`,
      );
    } else if (request.method !== "GET") {
      response.setHeader("allow", "GET");
      refuse(response, 405, "This page is read-only: use the API to change things");
    } else {
      answer(request, response);
    }
    return true;
  };

  function answerOf(path: string): ((request: IncomingMessage, response: ServerResponse) => void) | undefined {
    if (path === "/live") return (_, response) => follow(response, INTERVAL, followZone());
    if (path.startsWith(CONSOLE)) return (_, response) => answerConsole(path.slice(CONSOLE.length), response);
    return path === "/" || files.has(path) ? (request, response) => sendFile(path, request, response) : undefined;
  }

  /** A stream's step that sends each changed section of the snapshot. */
  function followZone(): Step {
    const sent = new Map<string, string>();
    return (send) => {
      for (const [section, content] of Object.entries(snapshotOf(zone))) {
        const text = JSON.stringify(content);
        if (sent.get(section) === text) continue;
        sent.set(section, text);
        send(section, content);
      }
      return true;
    };
  }

  function answerConsole(id: string, response: ServerResponse): void {
    if (!zone.state.instances.has(id)) refuse(response, 404, `There is no instance ${id}`);
    else follow(response, CONSOLE_INTERVAL, followConsole(zone.state, zone.machines, id));
  }

  function follow(response: ServerResponse, pause: number, step: Step): void {
    stream(response, pause, step).catch((error: unknown) => {
      zone.log(`web page: ${String((error as Error).stack ?? error)}`);
      response.destroy();
    });
  }
}

function sendFile(path: string, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("cache-control", "no-cache"); // another version of the zone has another version of the page
  send(request, path, { root: ROOT, cacheControl: false })
    .on("error", (error: { status?: number }) => refuse(response, error.status ?? 500, `${path} cannot be read`))
    .pipe(response);
}

/**
 * Whether `Host` is localhost or the address of the connection. This prevents DNS rebinding: a website can point its
 * name at this address, and its pages would then share an origin with this page.
 */
function isAddressedHere({ headers, socket }: IncomingMessage): boolean {
  const { hostname } = new URL(`http://${headers.host}`); // isLocal has parsed it already
  const name = hostname.replace(/^\[|\]$/g, "");
  return (
    name === "localhost" || ipaddr.process(name).toString() === ipaddr.process(socket.localAddress ?? "").toString()
  );
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${message}.\n`);
}
