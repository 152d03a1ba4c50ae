/** The zone's page in a real browser, Debian's Chromium: for tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";

import { noMachines } from "../../machines/none.ts";
import { noNetwork } from "../../network/index.ts";
import { clientOf, instanceBody, templateBody, type Client } from "../../testing/client.ts";
import { startWeb, type TestWeb } from "./web.ts";

/** A zone of its own for each test, a browser for all of a file. */
export class Bed {
  web!: TestWeb;
  client!: Client;
  /** What instances have written to their consoles, by name. */
  readonly consoles = new Map<string, string>();
  /** Holders of elastic IPs that fail their health checks, by id. */
  readonly unhealthy = new Set<string>();
  #browser!: Browser;
  #state = "";
  #ready: Promise<void> = Promise.resolve();
  #letReady = (): void => {};
  /** What pages did that none may: requests elsewhere, errors, violations of the policy. */
  readonly #offences: string[] = [];

  /** To be called once in a file. */
  constructor() {
    beforeAll(async () => {
      this.#browser = await chromium.launch({
        executablePath: "/usr/bin/chromium",
        args: [
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
        ],
      });
    });
    afterAll(() => this.#browser.close());
    beforeEach(async () => {
      this.#state = mkdtempSync(join(tmpdir(), "zone-page-"));
      this.consoles.clear();
      this.unhealthy.clear();
      await this.#start();
    });
    afterEach(async () => {
      for (const context of this.#browser.contexts()) await context.close();
      this.#letReady(); // the zone waits for what it has begun
      await this.web.close();
      rmSync(this.#state, { recursive: true });
      expect(this.#offences.splice(0)).toEqual([]);
    });
  }

  async #start(port?: number): Promise<void> {
    this.web = await startWeb({
      state: this.#state,
      port,
      machines: {
        ...noMachines(),
        create: () => this.#ready,
        consoleLog: async ({ name }) => this.consoles.get(name) ?? "",
      },
      network: { ...noNetwork(), isHealthy: (_, instance) => !this.unhealthy.has(instance) },
    });
    this.client = clientOf(this.web);
  }

  /** Ends the zone; the function brings it back at the same address. */
  async interrupt(): Promise<() => Promise<void>> {
    const port = Number(new URL(this.web.origin).port);
    await this.web.close();
    return () => this.#start(port);
  }

  /** New machines are not ready until the function is called. */
  holdMachines(): () => void {
    ({ promise: this.#ready, resolve: this.#letReady } = Promise.withResolvers<void>());
    return this.#letReady;
  }

  /** A page of the zone, at this hash, in a browser context of its own that `prepare` may set up. */
  async open(
    hash = "",
    options: BrowserContextOptions = {},
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: { width: 1600, height: 900 }, ...options });
    const page = await context.newPage();
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== this.web.origin) this.#offences.push(`request to ${request.url()}`);
    });
    page.on("console", (message) => {
      // The browser's own words for a zone that is away.
      const isAway = /net::ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING)/.test(message.text());
      if (["error", "warning"].includes(message.type()) && !isAway) this.#offences.push(message.text());
    });
    page.on("pageerror", (error) => this.#offences.push(String(error)));
    await prepare?.(page);
    await page.goto(`${this.web.origin}/${hash}`);
    await page.locator("#connection", { hasText: "live" }).waitFor();
    return page;
  }

  /** Resolves with the id of an instance that is ready. */
  async makeInstance(name: string, more: object = {}): Promise<string> {
    const { templates } = await this.client.get("/template?visibility=private");
    const template = templates[0]?.id ?? (await this.client.operate("POST", "/template", templateBody));
    return this.client.operate("POST", "/instance", instanceBody(template, { name, ...more }));
  }
}

export const section = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true });

/** A section's rows with this text. */
export const row = (page: Page, of: string, text: string | RegExp): Locator =>
  section(page, of).locator("tbody").getByRole("row").filter({ hasText: text });

export const isVisible = (locator: Locator): Promise<void> => locator.waitFor();
export const isGone = (locator: Locator): Promise<void> => locator.waitFor({ state: "hidden" });
