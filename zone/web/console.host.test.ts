import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";

import { Bed, isGone, isVisible, row, section } from "./testing/page.ts";

const bed = new Bed();

describe("a console", () => {
  const text = (page: Page): Promise<string | null> => page.locator("#console-text").textContent();
  const write = (name: string, more: string): void =>
    void bed.consoles.set(name, (bed.consoles.get(name) ?? "") + more);
  const isAtEnd = (page: Page): Promise<boolean> =>
    page.locator("#console").evaluate((pane) => pane.scrollHeight - pane.scrollTop - pane.clientHeight < 2);

  it("opens from the table and follows what the instance writes", async () => {
    await bed.makeInstance("one");
    await bed.makeInstance("two");
    write("one", "[  \x1b[0;32mOK\x1b[0m  ] Started <b>ssh</b>.\r\n");
    write("two", "the other's\n");
    const page = await bed.open();
    await page.getByRole("link", { name: "Console of one" }).click();
    expect(page.url()).toContain("#instance/");
    const console = page.getByRole("log", { name: "Console" });
    await isVisible(console.getByText("Started <b>ssh</b>."));
    expect(await console.locator(".green").textContent()).toBe("OK");
    write("one", `${Array.from({ length: 200 }, (_, n) => `line ${n}\n`).join("")}last`);
    await isVisible(console.getByText("last"));
    expect(await text(page)).toBe(bed.consoles.get("one")!.replace(/\x1b\[[0-9;]*m|\r/g, ""));
    expect(await isAtEnd(page)).toBe(true);

    // A reader who has scrolled up stays there until the button is clicked.
    await console.evaluate((pane) => pane.scrollTo(0, 0));
    const button = page.getByRole("button", { name: "Go to the end" });
    await isVisible(button);
    write("one", " and more");
    await isVisible(console.getByText("last and more"));
    expect(await console.evaluate((pane) => pane.scrollTop)).toBe(0);
    await button.click();
    await isGone(button);
    expect(await isAtEnd(page)).toBe(true);

    await row(page, "Instances", "two").getByRole("link", { name: "two", exact: true }).click();
    await isVisible(console.getByText("the other's"));
    expect(await text(page)).toBe("the other's\n");
    await page.getByRole("link", { name: "Close" }).click();
    await isGone(console);
  });

  it("starts again when its instance does, and keeps a deleted instance's last output", async () => {
    const id = await bed.makeInstance("one", { labels: { role: "master" } });
    write("one", "first life\n");
    const page = await bed.open("#instance/one");
    expect(await page.title()).toBe("one – Zone local-1");
    const panel = section(page, "one");
    await isVisible(panel.getByText("role=master"));
    await isVisible(panel.getByText("first life"));
    bed.consoles.set("one", "second\n");
    await isVisible(panel.getByText("second"));
    expect(await text(page)).toBe("second\n");
    await bed.client.operate("DELETE", `/instance/${id}`);
    await isVisible(panel.getByText("deleted"));
    await isVisible(panel.getByText("The instance is no more."));
    expect(await text(page)).toBe("second\n");
    bed.consoles.set("one", "another of the name\n");
    await bed.makeInstance("one");
    await isVisible(panel.getByText("another of the name"));
  });

  it("shows that it is empty, and that an instance does not exist", async () => {
    await bed.makeInstance("silent");
    const page = await bed.open("#instance/silent");
    await isVisible(page.locator("#console.silent"));
    const other = await bed.open("#instance/100%25%20other");
    await isVisible(other.getByText("There is no instance 100% other."));
    await isGone(other.getByRole("log"));
    expect(await other.title()).toContain("100% other");
  });
});
