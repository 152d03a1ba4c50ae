import { describe, expect, it } from "vitest";

import { instanceBody, templateBody } from "../testing/client.ts";
import { Bed, isGone, isVisible, row, section } from "./testing/page.ts";

const bed = new Bed();

describe("the page", () => {
  it("shows hints in empty sections", async () => {
    const page = await bed.open();
    for (const [name, hint] of [
      ["Instances", "No instances: run npm run up"],
      ["Elastic IPs", "No elastic IPs"],
      ["Private networks", "No private networks"],
      ["Templates", "No templates"],
      ["Operations", "No operations"],
    ] as const)
      await isVisible(section(page, name).getByText(hint));
    await isVisible(row(page, "Security groups", "default"));
    expect(await page.getByRole("table").count()).toBe(1);
    expect(await page.title()).toBe("Zone local-1");
  });

  it("follows the zone without a reload", async () => {
    const page = await bed.open();
    await page.evaluate(() => Object.assign(window, { isFirst: true }));

    const template = await bed.client.operate("POST", "/template", {
      ...templateBody,
      description: "<img src=x onerror=alert(1)>",
    });
    await isVisible(row(page, "Templates", "<img src=x onerror=alert(1)>"));
    const group = await bed.client.operate("POST", "/security-group", { name: "masters" });
    await isVisible(row(page, "Security groups", "masters").filter({ hasText: "No rules" }));
    await bed.client.operate("POST", `/security-group/${group}/rules`, {
      "flow-direction": "ingress",
      protocol: "tcp",
      "start-port": 6443,
      "end-port": 6443,
      network: "0.0.0.0/0",
      description: "apiserver",
    });
    await isVisible(row(page, "Security groups", /masters.*ingress.*tcp.*6443.*0\.0\.0\.0\/0.*apiserver/));

    const letReady = bed.holdMachines();
    const { body: operation } = await bed.client.call(
      "POST",
      "/instance",
      instanceBody(template, { name: "master-1", "security-groups": [{ id: group }] }),
    );
    await isVisible(row(page, "Instances", "master-1").filter({ hasText: "starting" }));
    await isVisible(row(page, "Operations", "create-instance").filter({ hasText: /pending.*master-1/ }));
    await isVisible(page.locator("tbody.pending"));
    letReady();
    await isVisible(
      row(page, "Instances", "master-1").filter({ hasText: /running.*198\.18\.1\.1.*standard\.small.*masters/ }),
    );
    await isVisible(row(page, "Operations", "create-instance").filter({ hasText: /success.*master-1/ }));
    await isGone(page.locator("tbody.pending"));

    const id = operation.reference.id;
    const network = await bed.client.operate("POST", "/private-network", {
      name: "inner",
      "start-ip": "10.0.0.10",
      "end-ip": "10.0.0.20",
      netmask: "255.255.255.0",
    });
    await bed.client.operate("PUT", `/private-network/${network}:attach`, { instance: { id } });
    await isVisible(
      row(page, "Private networks", "inner").filter({ hasText: /10\.0\.0\.10 to 10\.0\.0\.20.*master-1 10\.0\.0\.10/ }),
    );
    const elasticIp = await bed.client.operate("POST", "/elastic-ip", {
      healthcheck: { mode: "https", port: 6443, uri: "/readyz" },
    });
    await bed.client.operate("PUT", `/elastic-ip/${elasticIp}:attach`, { instance: { id } });
    await isVisible(row(page, "Elastic IPs", "https:6443/readyz").filter({ hasText: /master-1 healthy/ }));
    bed.unhealthy.add(id);
    await isVisible(
      row(page, "Elastic IPs", "https:6443/readyz").filter({ hasText: /master-1 unhealthy.*Nobody answers/ }),
    );

    bed.web.faults.add({ kind: "operation-fails", count: 1 });
    await bed.client.call("POST", "/security-group", { name: "unlucky" });
    await isVisible(row(page, "Operations", "create-security-group").filter({ hasText: /failure.*fault: / }));
    await bed.client.operate("PUT", `/instance/${id}:stop`);
    await isVisible(row(page, "Instances", "master-1").filter({ hasText: "stopped" }));
    await bed.client.operate("DELETE", `/instance/${id}`);
    await isVisible(section(page, "Instances").getByText("No instances"));
    expect(await section(page, "Operations").getByRole("rowheader").first().textContent()).toBe("delete-instance");
    expect(await page.evaluate(() => "isFirst" in window)).toBe(true);
  });

  it("keeps the focus while rows change", async () => {
    const id = await bed.makeInstance("one");
    const page = await bed.open();
    await row(page, "Instances", "one").getByRole("link", { name: "one", exact: true }).focus();
    await bed.client.operate("PUT", `/instance/${id}:stop`);
    await isVisible(row(page, "Instances", "one").filter({ hasText: "stopped" }));
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("one");
  });

  it("links resources, and scrolls to the one in its address", async () => {
    const page = await bed.open();
    await bed.makeInstance("one");
    await row(page, "Instances", "one").getByRole("link", { name: "default" }).click();
    expect(await page.locator("tbody:target").textContent()).toContain("Default Security Group");
    const again = await bed.open("#security-group/default");
    await isVisible(again.locator("tbody:target", { hasText: "Default Security Group" }));
  });

  it("shows when the zone does not answer, and continues when it does", async () => {
    const page = await bed.open();
    const comeBack = await bed.interrupt();
    await isVisible(page.getByRole("status").filter({ hasText: "start it with bin/zone up" }));
    await comeBack();
    await bed.makeInstance("later");
    await page.locator("#connection", { hasText: "live" }).waitFor();
    await isVisible(row(page, "Instances", "later").filter({ hasText: "running" }));
  });

  it("closes its connections while it is hidden", async () => {
    await bed.makeInstance("one");
    const page = await bed.open("#instance/one", {}, (page) =>
      page.addInitScript(() => {
        const sources: EventSource[] = [];
        Object.assign(window, {
          sources,
          EventSource: class extends EventSource {
            constructor(url: string) {
              super(url);
              sources.push(this);
            }
          },
        });
      }),
    );
    const states = () =>
      page.evaluate(() =>
        (window as unknown as { sources: EventSource[] }).sources.map(({ readyState }) => readyState),
      );
    const hide = (hidden: boolean) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await isVisible(page.locator("#console-state", { hasText: "live" }));
    expect(await states()).toEqual([1, 1]);
    await hide(true);
    expect(await states()).toEqual([2, 2]);
    await bed.makeInstance("two");
    await hide(false);
    await isVisible(row(page, "Instances", "two"));
    await isVisible(page.locator("#console-state", { hasText: "live" }));
    expect(await states()).toEqual([2, 2, 1, 1]);
  });
});
